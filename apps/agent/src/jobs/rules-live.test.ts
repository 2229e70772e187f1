import { closeSync, existsSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { rawPathFromText } from '@understudy/sdk';
import { afterEach, describe, expect, it } from 'vitest';
import { Scene, whyNoRealAgents } from './testing/real-agents.ts';

const why = whyNoRealAgents();
let scene: Scene | null = null;
afterEach(async () => {
  await scene?.close();
  scene = null;
});

describe.skipIf(why !== null)('rules edited while the job runs, between real agents', () => {
  it('[MIR6] what comes in is sent, what goes out stays and is named, and an open file is replicated throughout', {
    timeout: 120_000,
  }, async () => {
    scene = new Scene();
    const alpha = await scene.agent('alpha');
    const beta = await scene.agent('beta');
    const source = scene.folder('source');
    const second = scene.folder('second');
    const to = scene.folder('replica');
    const replica = join(to, source);
    mkdirSync(join(source, 'cache'));
    writeFileSync(join(source, 'cache', 'old'), 'as it was');
    writeFileSync(join(second, 'file'), 'in the second folder');
    await alpha.protect(beta, 'ruled', source, to);
    await alpha.until('ruled', ({ state }) => state === 'protected');
    const connection = await alpha.connection();
    const edit = async (changes: object) => {
      const { revision } = await connection.call('job.get', { name: 'ruled' });
      return connection.call('job.edit', { name: 'ruled', revision, changes }, { timeoutMs: 60_000 });
    };
    const settle = async () => {
      await alpha.flush('ruled');
      await alpha.until('ruled', ({ state }) => state === 'protected');
    };
    const outside = async () =>
      (await alpha.events()).filter(({ sentence }) => /outside the rules now .*: cache/.test(sentence)).length;
    const log = openSync(join(source, 'log'), 'a');

    await edit({ exclude: [rawPathFromText(join(source, 'cache'))] });
    writeSync(log, 'one\n');
    await settle();
    writeFileSync(join(source, 'cache', 'old'), 'changed since');
    writeFileSync(join(source, 'cache', 'new'), 'made since');
    await settle();
    expect(readFileSync(join(replica, 'cache', 'old'), 'utf8')).toBe('as it was');
    expect(existsSync(join(replica, 'cache', 'new'))).toBe(false);
    expect(await outside()).toBe(1);

    await edit({ exclude: [] });
    writeSync(log, 'two\n');
    await settle();
    expect(await scene.differences(source, replica)).toEqual([]);

    await edit({ include: [source, second].map((path) => rawPathFromText(path)) });
    writeSync(log, 'three\n');
    await settle();
    expect(await scene.differences(source, replica)).toEqual([]);
    expect(await scene.differences(second, join(to, second))).toEqual([]);
    expect(readFileSync(join(replica, 'log'), 'utf8')).toBe('one\ntwo\nthree\n');
    closeSync(log);

    await alpha.call('job.stop', 'ruled');
    await edit({ include: [rawPathFromText(source)], exclude: [rawPathFromText(join(source, 'cache'))] });
    await alpha.call('job.start', 'ruled');
    await settle();
    expect(readFileSync(join(replica, 'cache', 'new'), 'utf8')).toBe('made since');
    expect(readFileSync(join(to, second, 'file'), 'utf8')).toBe('in the second folder');
    expect(await outside()).toBeGreaterThan(1);
  });
});
