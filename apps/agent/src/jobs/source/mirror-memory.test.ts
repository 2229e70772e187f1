import { appendFileSync, existsSync, mkdtempSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MirrorPlan } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileMirrorMemory } from './mirror-memory.ts';

const PLAN: MirrorPlan = {
  compare: 'checksum',
  blockSize: 4096,
  calculate: true,
  orphans: 'move',
  orphansOlderThanMs: 1000,
};
const nodes = (...ids: number[]) => ids.map((id) => BigInt(id) as NodeId);

describe('[MIR3] what a mirror remembers', () => {
  let folder: string;
  let path: string;
  let faults: unknown[];
  const open = (stream = 'one') => new FileMirrorMemory({ path, stream, fault: (error) => faults.push(error) });
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-memory-'));
    path = join(folder, 'job.mirror');
    faults = [];
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  function begun(): FileMirrorMemory {
    const memory = open();
    memory.begin(PLAN);
    memory.finished(0, nodes(1, 2));
    memory.finished(1, nodes(7));
    return memory;
  }

  it('is the same after a restart, and goes on from there', () => {
    begun().close();
    const again = open();
    expect(again.load()).toMatchObject({ plan: PLAN, paused: false });
    again.setPaused(true);
    again.finished(0, nodes(3));
    again.close();
    const note = open().load();
    expect(note?.paused).toBe(true);
    expect([...(note?.finished.get(0) ?? [])]).toEqual(nodes(1, 2, 3));
    expect([...(note?.finished.get(1) ?? [])]).toEqual(nodes(7));
  });

  it('is nothing on another stream, nothing once it has ended, and nothing where there never was one', () => {
    const memory = begun();
    expect(open('two').load()).toBeNull();
    memory.end();
    expect([open().load(), existsSync(path)]).toEqual([null, false]);
  });

  it('leaves out a torn end, and what follows it is not lost', () => {
    begun().close();
    truncateSync(path, statSync(path).size - 3);
    const again = open();
    expect([...(again.load()?.finished.keys() ?? [])]).toEqual([0]);
    again.finished(2, nodes(9));
    again.close();
    expect([...(open().load()?.finished.keys() ?? [])]).toEqual([0, 2]);
  });

  it.each([
    ['zeros', () => appendFileSync(path, Buffer.alloc(64))],
    ['noise', () => appendFileSync(path, Buffer.alloc(64, 0xa5))],
  ])('takes %s at its end for what was never written', (_what, spoil) => {
    begun().close();
    spoil();
    expect([...(open().load()?.finished.keys() ?? [])]).toEqual([0, 1]);
  });

  it('is nothing where the file is something else', () => {
    writeFileSync(path, 'hello, this is not what was expected here');
    expect(open().load()).toBeNull();
  });

  it('a folder that cannot be written costs the memory, not the mirror', () => {
    const memory = new FileMirrorMemory({
      path: join(folder, 'gone', 'job.mirror'),
      stream: 'one',
      fault: (error) => faults.push(error),
    });
    memory.begin(PLAN);
    memory.finished(0, nodes(1));
    expect(memory.load()).toBeNull();
    expect(faults).toHaveLength(1);
  });
});
