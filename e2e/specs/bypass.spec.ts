import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  type Bootstrap,
  describeWithFuse,
  replicaOf,
  run,
  staged,
  succeeded,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

interface Told {
  readonly code: string;
  readonly sentence: string;
}

const env = { env: process.env, cwd: '/' };
/** The event that names the file. */
const bypassOf = (stage: Bootstrap, file: string) =>
  until(`the event of the bypass of ${file}`, async () => {
    const told = (await stage.client.events('--server', 'alpha', '--json')).json() as {
      readonly events: readonly Told[];
    };
    return told.events.find(({ code, sentence }) => code === 'interceptor-bypass' && sentence.includes(file));
  });

describeWithFuse('[FSI7] a write that does not come through the mount', () => {
  staged('is told, seen by readers at once, and repaired on the replica', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('data');
    const outside = stage.folder('outside');
    const elsewhere = stage.folder('elsewhere');
    const to = stage.folder('replica');
    writeFileSync(join(source, 'linked'), 'before');
    writeFileSync(join(source, 'bound'), 'before');
    linkSync(join(source, 'linked'), join(outside, 'same'));
    await stage.client.protect({ name: 'files', source: 'alpha', target: 'beta', include: [source], to });

    writeFileSync(join(outside, 'same'), 'written under its other name');
    await bypassOf(stage, 'linked');
    expect(readFileSync(join(source, 'linked'), 'utf8')).toBe('written under its other name');
    // A second name outside is the source's alone.
    rmSync(join(outside, 'same'));
    await stage.client.flush('files');
    expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);

    // What lay under the mount is only reached from a place that was there before it: the parent's own file system.
    succeeded(await run('mount', ['--bind', stage.root, elsewhere], env));
    try {
      const behind = join(elsewhere, source.slice(stage.root.length));
      writeFileSync(join(behind, 'bound'), 'written behind the mount');
      await bypassOf(stage, 'bound');
    } finally {
      succeeded(await run('umount', [elsewhere], env));
    }
    expect(readFileSync(join(source, 'bound'), 'utf8')).toBe('written behind the mount');
    await stage.client.flush('files');
    expect(await treeDifferences(source, replicaOf(to, source))).toEqual([]);
    await stage.client.reach('files', 'protected');
  });
});
