import { execFileSync } from 'node:child_process';
import { chmodSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { ReferenceReplay } from '../conformance/reference-replay.ts';
import { imageDifferences, imageOf, imageOfSource } from '../conformance/tree-image.ts';
import { type Scratch, scratch, whySkipped } from './testing.ts';
import { type Mounted, mountImage, OTHER_TYPES, whyNoImage } from './testing-images.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the comparison with the bare file system is skipped: ${skip}`);

const SCRIPT = fileURLToPath(new URL('../../native/linux/test/semantics.sh', import.meta.url));

function answers(directory: string): string[] {
  const lines = execFileSync('bash', [SCRIPT, directory], { encoding: 'utf8', cwd: '/' }).split('\n');
  // How far ahead XFS allots is its own guess.
  return lines.filter((line) => !line.startsWith('blocks '));
}

const types: readonly (string | null)[] = [null, ...OTHER_TYPES];

describe.skipIf(skip !== null).each(types)('fuse answers as the file system beneath it (%s)', (type) => {
  let world: Scratch | null = null;
  let image: Mounted | null = null;
  afterEach(async () => {
    await world?.close();
    await image?.remove();
    world = null;
    image = null;
  });

  it('[FSI3] modes, owners, setgid, ACLs, capabilities, times, errors; and the records tell it all', {
    timeout: 120_000,
  }, async (context) => {
    const why = type === null ? null : await whyNoImage(type);
    if (why !== null) return context.skip(why);
    image = type === null ? null : mountImage(type);
    if (image !== null) chmodSync(dirname(image.point), 0o755);
    world = await scratch({}, image?.point);
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
