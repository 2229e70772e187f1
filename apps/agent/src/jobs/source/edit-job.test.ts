import { jobDefinitionSchema } from '@understudy/wire';
import { expect, it } from 'vitest';
import type { StoredJob } from '../stored-job.ts';
import { editOf, whyNotEdited } from './edit-job.ts';
import { MOST_FORMER_RULES, withFormer } from './former-rules.ts';
import { rulesInOrder } from './rule-order.ts';

const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });
const definition = jobDefinitionSchema.parse({
  name: 'files',
  target: { name: 'beta', address: '127.0.0.1:1', fingerprint: 'ab'.repeat(32) },
  include: [path('/srv')],
});
const stored: StoredJob = {
  ...{ id: 'b6a3a1de-6f0c-4b43-8a3b-2a9f3a7d8c11', revision: 4, epoch: 1, started: false, paused: false, definition },
};

const MIRROR = { blockSize: null, calculate: true, orphansOlderThanMs: null };
const NIGHTLY = { cron: '0 3 * * *', repair: false };

it('changes what is given and leaves the rest', () => {
  const { definition: after, changed } = editOf(stored, 4, { bandwidth: 100_000, compression: 'none' }, true);
  expect(changed).toEqual(['bandwidth']);
  expect(after).toEqual({ ...definition, bandwidth: 100_000 });
});

it('of two editors the second hears of the first', () => {
  expect(() => editOf(stored, 3, { bandwidth: null }, false)).toThrow(/somebody else/);
});

it('[FO4] while another server has the job, or this one has it of another, an edit is refused, and the status does not offer it', () => {
  const gaveWay = { epoch: 2, server: 'beta', asideAt: [] };
  const superseded = { epoch: 2, sentence: 's', at: '2026-11-22T12:00:00.000Z' };
  const reverse = { former: definition, purpose: 'noting' as const, begun: true };
  expect(whyNotEdited(stored)).toBeNull();
  expect(whyNotEdited({ ...stored, reverse: { ...reverse, purpose: 'stays' } })).toBeNull();
  for (const [handed, words] of [
    [{ ...stored, gaveWay }, /^beta has taken files over/],
    [{ ...stored, superseded }, /^Another server has taken files over/],
    [{ ...stored, reverse }, /^This server has taken files over/],
    [{ ...stored, reverse: { ...reverse, purpose: 'failback' as const } }, /failed back/],
    [{ ...stored, reverse: { ...reverse, purpose: 'stays' as const, handing: 3 } }, /failed back/],
  ] as const)
    expect(() => editOf(handed, 4, { bandwidth: null }, true)).toThrow(words);
});

it('a running job is told what it has to be stopped for; a stopped one takes it', () => {
  const changes = { intercept: 'watch' as const };
  expect(() => editOf(stored, 4, changes, true)).toThrow(/--intercept can be changed only while files is stopped/);
  expect(() => editOf({ ...stored, started: true }, 4, changes, false)).toThrow(/stopped/);
  expect(editOf(stored, 4, changes, false).changed).toEqual(['intercept']);
});

it('rules, mirror options and the schedule of verifications are taken while it runs', () => {
  const changes = {
    exclude: [path('/srv/tmp')],
    mirror: { ...MIRROR, orphans: 'move' as const },
    verifySchedule: NIGHTLY,
  };
  expect(editOf(stored, 4, changes, true).changed).toEqual(['exclude', 'mirror', 'verifySchedule']);
});

it('[MIR6] the rules of before are remembered once each, the newest last, and not without end', () => {
  const rules = (n: number) => ({ ...definition, exclude: [path(`/srv/${n}`)] });
  let former = withFormer(undefined, rules(0));
  former = withFormer(withFormer(former, rules(1)), rules(0));
  expect(former.map(({ exclude }) => exclude[0]?.text)).toEqual(['/srv/1', '/srv/0']);
  for (let n = 2; n < 40; n += 1) former = withFormer(former, rules(n));
  expect(former).toHaveLength(MOST_FORMER_RULES);
  expect(former.at(-1)?.exclude[0]?.text).toBe('/srv/39');
});

it('what makes it this job is not changed', () => {
  expect(() => editOf(stored, 4, { to: path('/other') }, false)).toThrow(/keeps where its replica lies/);
  expect(() => editOf(stored, 4, { name: 'other' }, false)).toThrow(/keeps its name/);
});

it('rules stand in the order in which they were given; without one excludes come last', () => {
  const rules = { include: [path('/a'), path('/a/b/c')], exclude: [path('/a/b')] };
  const shown = (order: ('include' | 'exclude')[] | null) =>
    rulesInOrder({ ...rules, ruleOrder: order }).map((rule) => `${rule.include ? '+' : '-'}${rule.path}`);
  expect(shown(null)).toEqual(['+/a', '+/a/b/c', '-/a/b']);
  expect(shown(['include', 'exclude', 'include'])).toEqual(['+/a', '-/a/b', '+/a/b/c']);
});
