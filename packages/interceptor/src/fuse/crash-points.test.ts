import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { HoldTerms } from '@understudy/engine';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { replayAll, type Scratch, scratch, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`the crash points are skipped: ${skip}`);

const NATIVE = fileURLToPath(new URL('../../native/linux', import.meta.url));
const FLAGS = ['-std=gnu17', '-O2', '-Wall', '-Wextra', '-Werror', '-static', '-pthread'];

/** A server that dies by itself, at every step a modifying call takes, one time in `oneIn`. */
function buildMortal(out: string, oneIn: number): void {
  const units = readdirSync(NATIVE).filter((name) => name.endsWith('.c'));
  execFileSync('cc', [...FLAGS, `-DCRASH_POINTS=${oneIn}`, '-o', out, ...units.map((name) => join(NATIVE, name))]);
}

describe.skipIf(skip !== null)('fuse with a server that dies at the worst moments', () => {
  let world: Scratch | null = null;
  let parts: Scratch;
  beforeAll(async () => {
    parts = await scratch();
    buildMortal(parts.path('mortal'), 500);
    execFileSync('cc', ['-std=gnu17', '-O2', '-o', parts.path('torture'), join(NATIVE, 'test/torture.c')]);
  });
  afterAll(() => parts.close());
  afterEach(async () => {
    await world?.close();
    world = null;
  });

  const HOLDS: readonly (HoldTerms | null)[] = [
    null,
    { at: 'every-call', policy: 'suspend', limitMs: 60_000 },
    { at: 'every-call', policy: 'abort', limitMs: 60_000 },
  ];
  it.each(HOLDS)(
    '[FSI5] dying before, in and after each step costs no call, no record, and makes none twice (held: %o)',
    {
      timeout: 120_000,
    },
    async (terms) => {
      world = await scratch({ binary: parts.path('mortal'), onFull: 'block' });
      const { interceptor } = world;
      const root = await interceptor.protect(world.raw('one'));
      const replay = replayAll(interceptor, [root]);
      if (terms !== null) replay.hold(terms);
      const run = spawn(parts.path('torture'), [world.path('one'), '5'], { stdio: ['ignore', 'ignore', 'pipe'] });
      let said = '';
      run.stderr.on('data', (text) => {
        said += text;
      });
      const [code] = await once(run, 'close');
      expect([code, said]).toEqual([0, '']);
      expect(interceptor.hold.calls(root.id)).toMatchObject({ waiting: 0, aborted: 0, stuck: 0 });
      await replay.settled();
      expect(replay.differences()).toEqual([]);
      console.info(`${interceptor.status().restarts} servers died`);
      expect(interceptor.status().restarts).toBeGreaterThan(20);
    },
  );
});
