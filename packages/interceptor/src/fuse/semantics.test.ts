import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import { type Scratch, scratch, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the comparison with the bare file system is skipped: ${skip}`);

const SCRIPT = fileURLToPath(new URL('../../native/linux/test/semantics.sh', import.meta.url));

function answers(directory: string): string[] {
  return execFileSync('bash', [SCRIPT, directory], { encoding: 'utf8', cwd: '/' }).split('\n');
}

describe.skipIf(skip !== null)('fuse answers as the file system beneath it', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  it('[FSI3] modes, owners, setgid, ACLs, capabilities, times, errors; and the records tell it all', {
    timeout: 120_000,
  }, async () => {
    world = await scratch();
    chmodSync(world.top, 0o755);
    const bare = answers(world.path('two'));
    const root = await world.interceptor.protect(world.raw('one'));
    const replay = new ReferenceReplay(root.files);
    expect(answers(world.path('one'))).toEqual(bare);
    expect(bare.length).toBeGreaterThan(80);
    world.interceptor.drain((batch) => replay.applyBatch(batch, root.id));
    expect([...replay.dirty]).toEqual([]);
    expect(imageDifferences(imageOfSource(root.files), imageOf(replay), { atime: false })).toEqual([]);
  });
});
