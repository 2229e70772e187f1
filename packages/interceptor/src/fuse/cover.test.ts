/** A directory that others may only read, because a read-only cover lies over it, comes under protection: nobody writes there unseen. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { coverAt, coverReadOnly } from '@understudy/filesystem';
import { Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { FUSE_TYPE, mountsOf } from './mounts.ts';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`cover.test.ts is skipped: ${skip}`);

/** Opens, writes and closes without a pause, and says at its end how often that was allowed. */
const WRITER = `
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs';
const [file, count, going, refused] = process.argv.slice(1);
let done = 0;
let tried = 0;
process.on('SIGTERM', () => { writeFileSync(count, String(done)); process.exit(0); });
(function turn() {
  for (let i = 0; i < 50; i += 1)
    try {
      const fd = openSync(file, 'r+');
      try { writeSync(fd, 'x', done); done += 1; } finally { closeSync(fd); }
    } catch (error) {
      if (error.code !== 'EROFS') throw error;
    }
  if (tried === 0) writeFileSync(refused, '');
  tried += 1;
  if (done > 200) writeFileSync(going, '');
  setImmediate(turn);
})();
`;

describe.skipIf(skip !== null)('[FO4] under a read-only cover', () => {
  let world: Scratch;
  let writer: ChildProcess | null = null;
  afterEach(async () => {
    writer?.kill('SIGKILL');
    writer = null;
    await world.close();
  });

  const placesOf = (path: string) => mountsOf('self').filter(({ mountPoint }) => mountPoint === path);

  it('every call that is allowed is recorded, from the first on, and the cover is gone', async () => {
    world = await scratch();
    writeFileSync(world.path('one/file'), '');
    coverReadOnly(world.raw('one'));
    const args = [
      '--input-type=module',
      '-e',
      WRITER,
      world.path('one/file'),
      world.path('count'),
      world.path('going'),
      world.path('refused'),
    ];
    writer = spawn(process.execPath, args, { cwd: '/', stdio: ['ignore', 'ignore', 'inherit'] });
    await until(() => existsSync(world.path('refused')));
    const root = await world.interceptor.protect(world.raw('one'), () => true, true);
    await until(() => existsSync(world.path('going')));
    writer.kill('SIGTERM');
    await once(writer, 'exit');
    const writes = drainAll(world.interceptor).filter(({ verb }) => verb === Verb.write);
    expect(writes).toHaveLength(Number(readFileSync(world.path('count'), 'utf8')));
    expect(placesOf(world.path('one')).map(({ type }) => type)).toEqual([FUSE_TYPE]);
    await world.interceptor.release(root.id);
    expect(placesOf(world.path('one'))).toEqual([]);
    writeFileSync(world.path('one/file'), 'anybody may again');
  });

  it('it stays where it is not to give way', async () => {
    world = await scratch();
    coverReadOnly(world.raw('one'));
    await expect(world.interceptor.protect(world.raw('one'))).rejects.toThrow();
    expect(coverAt(world.raw('one'))).not.toBeNull();
    execFileSync('umount', [world.path('one')]);
  });

  it('and where something is mounted beneath, it goes before', async () => {
    world = await scratch();
    mkdirSync(world.path('one/within'));
    execFileSync('mount', ['-t', 'tmpfs', 'none', world.path('one/within')]);
    coverReadOnly(world.raw('one'));
    await world.interceptor.protect(world.raw('one'), () => true, true);
    for (const name of ['one/file', 'one/within/file']) writeFileSync(world.path(name), 'seen');
    const writes = drainAll(world.interceptor).filter(({ verb }) => verb === Verb.write);
    expect(writes).toHaveLength(2);
    expect(coverAt(world.raw('one'))).toBeNull();
  });
});
