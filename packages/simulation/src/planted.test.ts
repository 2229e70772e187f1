/** [promise] Faults planted into the source of the engine itself: each of them has to be noticed within a bounded number of seeds. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { PLANTED, type Planted } from './planted.ts';

/** The seeds until the rarest of them shows itself are many for a machine that has other work. */
const TIMEOUT = 180_000;

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function simulate({ file, from, to, seeds, first = 1 }: Omit<Planted, 'rule' | 'what'>): Promise<Ended> {
  const tsx = import.meta.resolve('tsx');
  const args = ['--import', here('planted-loader.mjs'), '--import', tsx, '--conditions=source', here('simulate.ts')];
  const env = { ...process.env, NODE_OPTIONS: '', PLANTED: JSON.stringify({ file, from, to }) };
  const child = spawn(
    process.execPath,
    [...args, '--seeds', String(seeds), '--from', String(first), '--until-failure', '--as-it-is', '--parallel', '1'],
    { env },
  );
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => {
    out += chunk;
  });
  child.stderr.on('data', (chunk) => {
    err += chunk;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, out, err }));
  });
}

describe('the simulation notices', () => {
  for (const one of PLANTED)
    it(`[${one.rule}] ${one.what}`, { timeout: TIMEOUT }, async () => {
      const { code, out, err } = await simulate(one);
      expect(err).toContain(`planted in ${one.file}`);
      expect(out).toMatch(/^seed \d+ \(/m);
      expect(code).toBe(1);
    });
});

describe('the planting', () => {
  const [{ file, from }] = PLANTED as [Planted];

  it('changes nothing that is not planted: the same seeds pass with the place as it was', {
    timeout: TIMEOUT,
  }, async () => {
    const { code, err } = await simulate({ file, from, to: from, seeds: 20 });
    expect([code, err.includes(`planted in ${file}`)]).toEqual([0, true]);
  });

  it('fails where the place is not there any more', { timeout: TIMEOUT }, async () => {
    const { code, err } = await simulate({ file, from: 'no such place', to: '', seeds: 1 });
    expect(code).not.toBe(0);
    expect(err).toContain('is there 0 times');
  });
});
