import fs from 'node:fs';
import { type NodeId, type OperationRecord, Verb } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { directoryActor } from '../conformance/directory-actor.ts';
import { drainAll, type Scratch, scratch, turn, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`files without a name are not tested: ${skip}`);

const O_TMPFILE = 0o20200000;

describe.skipIf(skip !== null)('a file without a name', () => {
  let world: Scratch;
  let records: OperationRecord[];

  beforeEach(async () => {
    world = await scratch();
    records = [];
    await world.interceptor.protect(world.raw('one'));
  });
  afterEach(() => world.close());

  const nameless = (): number => fs.openSync(world.path('one'), O_TMPFILE | fs.constants.O_RDWR, 0o600);
  const forgotten = (): NodeId[] => records.filter((r) => r.verb === Verb.forget).map((r) => r.node);
  const said = (verb: Verb): NodeId[] => records.filter((r) => r.verb === verb).map((r) => r.node);
  async function until(count: number): Promise<void> {
    while (forgotten().length < count) {
      records.push(...drainAll(world.interceptor));
      await turn();
    }
  }

  it('is said to be gone once it is closed, after its last write and never before', async () => {
    const fd = nameless();
    fs.writeSync(fd, 'words');
    directoryActor(world.raw('one')).tmpfile('named' as never, new Uint8Array(5));
    fs.closeSync(fd);
    await until(1);
    const [first, second] = said(Verb.tmpfile);
    expect(forgotten()).toEqual([first]);
    expect(records.filter((r) => r.node === first).map((r) => r.verb)).toEqual([Verb.tmpfile, Verb.write, Verb.forget]);
    // The one that got a name is forgotten by the kernel some day, and that says nothing.
    fs.unlinkSync(world.path('one/named'));
    await until(2);
    expect(forgotten()).toEqual([first, second]);
  });

  it('[FSI5] is so too where the server died while it was open', async () => {
    const fd = nameless();
    const { server } = await world.interceptor.servers();
    process.kill(server, 'SIGKILL');
    fs.writeSync(fd, 'words');
    fs.closeSync(fd);
    await until(1);
    expect(new Set(forgotten())).toEqual(new Set(said(Verb.tmpfile)));
  });

  it('and one that lost its name while it was open', async () => {
    const fd = fs.openSync(world.path('one/f'), 'w');
    fs.unlinkSync(world.path('one/f'));
    fs.writeSync(fd, 'words');
    fs.closeSync(fd);
    await until(1);
    expect(forgotten()).toEqual(said(Verb.create));
    expect(records.at(-1)?.verb).toBe(Verb.forget);
  });
});
