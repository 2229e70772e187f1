/** [promise] Faults planted into the source of the engine itself: each of them has to be noticed within a bounded number of seeds. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { must } from '@understudy/base';
import { describe, expect, it } from 'vitest';
import { PLANTED, type Planted } from './planted.ts';
import { ALL_STEPS } from './run-seed.ts';

/** The seeds until the rarest of them shows itself are many for a machine that has other work. */
const TIMEOUT = 180_000;

/** One that is noticed soon, and by few steps. */
const SHORT = 'more under way than the window holds, in bytes';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

interface Ended {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `options` of simulate.ts, with one place of the source rewritten. */
function simulate(
  { file, from, to }: Pick<Planted, 'file' | 'from' | 'to'>,
  options: readonly string[],
): Promise<Ended> {
  const tsx = import.meta.resolve('tsx');
  const args = ['--import', here('planted-loader.mjs'), '--import', tsx, '--conditions=source', here('simulate.ts')];
  const env = { ...process.env, NODE_OPTIONS: '', PLANTED: JSON.stringify({ file, from, to }) };
  const child = spawn(process.execPath, [...args, ...options, '--parallel', '1'], { env });
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

const untilFailure = ({ seeds, first = 1 }: Pick<Planted, 'seeds' | 'first'>): readonly string[] => [
  ...['--seeds', String(seeds), '--from', String(first), '--until-failure'],
];

describe('the simulation notices', () => {
  for (const one of PLANTED)
    it(`[${one.rule}] ${one.what}`, { timeout: TIMEOUT }, async () => {
      const { code, out, err } = await simulate(one, [...untilFailure(one), '--as-it-is']);
      expect(err).toContain(`planted in ${one.file}`);
      expect(out).toMatch(/^seed \d+ \(/m);
      expect(code).toBe(1);
    });
});

describe('a run that fails', () => {
  const one = must(
    PLANTED.find(({ what }) => what === SHORT),
    'it is among those that are planted',
  );

  it('is told in few steps, by a command that shows the same again, and nothing where the fault is gone', {
    timeout: TIMEOUT,
  }, async () => {
    const first = await simulate(one, untilFailure(one));
    const told = /^seed (\d+) \(.*\): ([a-z ]+)/m.exec(first.out);
    const [, kept, again = ''] =
      /shortened to (\d+) of \d+ steps .*; again: npm run simulate -- (.*)$/m.exec(first.out) ?? [];
    expect([Number(kept) > 0, Number(kept) < ALL_STEPS / 4]).toEqual([true, true]);
    expect(again.split(',')).toHaveLength(Number(kept));
    const second = await simulate(one, [...again.split(' '), '--as-it-is']);
    expect(second.out).toContain(`seed ${told?.[1]} (`);
    expect(second.out).toContain(`): ${told?.[2]}`);
    const well = await simulate({ ...one, to: one.from }, again.split(' '));
    expect([second.code, well.code]).toEqual([1, 0]);
  });
});

describe('the planting', () => {
  const [{ file, from }] = PLANTED as [Planted];

  it('changes nothing that is not planted: the same seeds pass with the place as it was', {
    timeout: TIMEOUT,
  }, async () => {
    const { code, err } = await simulate({ file, from, to: from }, untilFailure({ seeds: 20 }));
    expect([code, err.includes(`planted in ${file}`)]).toEqual([0, true]);
  });

  it('fails where the place is not there any more', { timeout: TIMEOUT }, async () => {
    const { code, err } = await simulate({ file, from: 'no such place', to: '' }, untilFailure({ seeds: 1 }));
    expect(code).not.toBe(0);
    expect(err).toContain('is there 0 times');
  });
});
