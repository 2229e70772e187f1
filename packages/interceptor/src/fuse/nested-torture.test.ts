import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ProtectedRoot } from '@understudy/engine';
import { afterEach, describe, expect, it } from 'vitest';
import { replayAll, type Scratch, scratch, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the torture of nested file systems is skipped: ${skip}`);

const KILLS = 6;
const BETWEEN_MS = 1100;

function prepare(world: Scratch): string {
  const image = world.path('image');
  execFileSync('truncate', ['-s', '512M', image]);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  mkdirSync(world.path('one/sub'));
  execFileSync('mount', ['-o', 'loop', image, world.path('one/sub')]);
  rmSync(world.path('one/sub/lost+found'), { recursive: true });
  const source = fileURLToPath(new URL('../../native/linux/test/torture.c', import.meta.url));
  const out = world.path('torture');
  execFileSync('cc', ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', out, source]);
  return out;
}

/** Exit code and whatever it complained of. */
async function torture(program: string, directory: string, seconds: number): Promise<[unknown, string]> {
  const run = spawn(program, [directory, String(seconds)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [run.stdout, run.stderr])
    stream.on('data', (text) => {
      said += text;
    });
  const [code] = await once(run, 'close');
  return [code, said.replace(/^[\d.]+$/gm, '').trim()];
}

describe.skipIf(skip !== null)('fuse with a nested file system under kill -9', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  it('[FSI5] server and holder die while both are written to: no application sees an error, and the records rebuild each tree', {
    timeout: 120_000,
  }, async () => {
    // Two loads fill a ring faster than a busy machine replays it; what is only noted as dirty could not be compared.
    world = await scratch({ onFull: 'block' });
    const { interceptor } = world;
    const program = prepare(world);
    mkdirSync(world.path('one/beside'));
    const head = await interceptor.protect(world.raw('one'));
    const roots: ProtectedRoot[] = [head, ...(head.nested ?? [])];
    expect(roots).toHaveLength(2);
    const replay = replayAll(interceptor, roots);
    const seconds = (2 * KILLS * BETWEEN_MS) / 1000 + 2;
    const runs = Promise.all(
      ['one/beside', 'one/sub'].map((name) => torture(program, world?.path(name) ?? '', seconds)),
    );
    for (let i = 0; i < 2 * KILLS; i += 1) {
      const { holder, server } = await interceptor.servers();
      process.kill(i % 2 === 0 ? server : holder, 'SIGKILL');
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    }
    expect(await runs).toEqual([
      [0, ''],
      [0, ''],
    ]);
    await replay.settled();
    expect(replay.differences()).toEqual([]);
    expect(interceptor.status().restarts).toBeGreaterThanOrEqual(KILLS);
  });
});
