import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { FuseInterceptor } from './index.ts';
import { replayAll, type Scratch, scratch, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the torture under kills is skipped: ${skip}`);

const KILLS = 20;
const BETWEEN_MS = 1100;

function buildTorture(world: Scratch): string {
  const source = fileURLToPath(new URL('../../native/linux/test/torture.c', import.meta.url));
  const out = world.path('torture');
  execFileSync('cc', ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-o', out, source]);
  return out;
}

/** Kills server and holder by turns; resolves when both have died `KILLS` times. */
async function killByTurns(interceptor: FuseInterceptor): Promise<void> {
  for (let i = 0; i < 2 * KILLS; i += 1) {
    const { holder, server } = await interceptor.servers();
    process.kill(i % 2 === 0 ? server : holder, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
  }
}

describe.skipIf(skip !== null)('fuse under kill -9', () => {
  let world: Scratch | null = null;
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  it('[FSI5] server and holder die twenty times each: no application sees an error, and the records rebuild the tree', {
    timeout: 180_000,
  }, async () => {
    // On a busy machine the load fills a ring faster than it is replayed; what is only noted as dirty could not be compared.
    world = await scratch({ onFull: 'block' });
    const { interceptor } = world;
    const torture = buildTorture(world);
    const root = await interceptor.protect(world.raw('one'));
    const replay = replayAll(interceptor, [root]);
    const seconds = String((2 * KILLS * BETWEEN_MS) / 1000 + 2);
    const run = spawn(torture, [world.path('one'), seconds], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    run.stdout.on('data', (text) => {
      said += text;
    });
    run.stderr.on('data', (text) => {
      said += text;
    });
    const ended = once(run, 'close');
    await killByTurns(interceptor);
    const [code] = await ended;
    expect([code, said.replace(/^[\d.]+$/gm, '').trim()]).toEqual([0, '']);
    await replay.settled();
    expect(replay.differences()).toEqual([]);
    expect(interceptor.status().restarts).toBeGreaterThanOrEqual(KILLS);
    console.info(`worst call of each process, ms: ${said.trim().split('\n').join(' ')}`);
  });
});
