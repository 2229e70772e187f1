import { type FailoverOptions, failoverSchema } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { lineOf, wordsOf } from './command-line.ts';
import { type FailoverForm, formOf, type Problem, sectionOf } from './failover-edit.ts';

const FULL: FailoverOptions = failoverSchema.parse({
  automatic: true,
  data: 'discard',
  monitor: {
    ...{ addresses: ['10.0.0.1'], tcp: [5432, 22], icmp: true, agent: false, intervalMs: 700, failures: 7 },
    ...{ answers: 'all', script: { path: '/usr/local/bin/look', arguments: ['a b'] } },
  },
  witness: { kind: 'etcd', endpoints: ['https://etcd1:2379'], user: 'understudy', leaseMs: 3000 },
  addresses: [{ address: '192.0.2.10/24', interface: 'eth0' }],
  services: [
    { name: 'database', unit: 'postgresql@15-main.service', check: ['/usr/bin/pg_isready'], timeoutMs: 5000 },
    { name: 'reader', start: ['/usr/local/bin/reader', 'start'] },
  ],
  scripts: {
    beforeFailover: { path: '/usr/local/bin/announce', arguments: ['now', 'it "is" time'], timeoutMs: 30_000 },
    afterFailback: { path: '/bin/true' },
  },
  dns: {
    server: '192.0.2.53',
    zone: 'example.org',
    records: [{ name: 'db.example.org', type: 'A', value: '192.0.2.20' }],
  },
  undo: { sizeBytes: 1_000_000 },
  test: { cron: '0 4 * * *' },
});

const written = (changes: Partial<FailoverForm>, before: FailoverOptions | null | undefined = undefined) =>
  sectionOf({ ...formOf(before), ...changes }, before);
function section(changes: Partial<FailoverForm>, before?: FailoverOptions | null): FailoverOptions | null | undefined {
  const read = written(changes, before);
  if (read.problem !== null) throw new Error(`${read.problem.field}: ${read.problem.own ?? read.problem.sentence}`);
  return read.section;
}
const problem = (changes: Partial<FailoverForm>, before?: FailoverOptions | null): Problem | null =>
  written(changes, before).problem;

describe('a form that nobody has touched', () => {
  test.each([
    ['of a full section', FULL],
    ['of none', null],
    ['of a job that was never given one', undefined],
    ['of services alone', failoverSchema.parse({ services: [{ name: 'x', unit: 'x.service' }] })],
    [
      'of a fence',
      failoverSchema.parse({ witness: { kind: 'fence', script: { path: '/bin/off', arguments: ['a'] } } }),
    ],
  ])('%s is what it was made of', (_title, before) => {
    expect(JSON.stringify(section({}, before))).toBe(JSON.stringify(before));
  });
});

test('what the form does not show is kept beside what it changes', () => {
  const after = section({ tcp: '80', seconds: 10, addresses: '', test: '' }, FULL);
  expect(after).toMatchObject({
    monitor: { tcp: [80], intervalMs: 1429, failures: 7, answers: 'all', script: { path: '/usr/local/bin/look' } },
    ...{ addresses: [], dns: FULL.dns, undo: FULL.undo },
  });
  expect(after?.test).toBeUndefined();
});

test('a service that was there before keeps its commands, wherever it stands; a new line is a unit', () => {
  expect(section({ services: 'reader\n\n nginx.service \ndatabase' }, FULL)?.services).toMatchObject([
    FULL.services[1] ?? {},
    { name: 'nginx.service', unit: 'nginx.service', timeoutMs: 60_000 },
    FULL.services[0] ?? {},
  ]);
});

test('a script keeps its time limit when its arguments change, and goes with its line', () => {
  const { scripts } = formOf(FULL);
  const after = section(
    { scripts: { ...scripts, beforeFailover: '/usr/local/bin/announce later', afterFailback: ' ' } },
    FULL,
  );
  expect(after?.scripts).toEqual({
    beforeFailover: { path: '/usr/local/bin/announce', arguments: ['later'], timeoutMs: 30_000 },
  });
});

test('an automatic failover with a third agent', () => {
  const witnessServer = { name: 'gamma', address: 'gamma:7320', fingerprint: 'c'.repeat(64) };
  expect(section({ automatic: true, monitored: true, witness: 'agent', witnessServer })).toMatchObject({
    ...{ automatic: true, witness: { kind: 'agent', server: witnessServer, leaseMs: 6000 } },
    monitor: { agent: true, intervalMs: 3000, failures: 5 },
  });
});

describe('what is wrong is said of its field, in the words of the command line', () => {
  test.each<[Partial<FailoverForm>, Partial<Problem>]>([
    [{ automatic: true }, { field: 'automatic', sentence: 'an automatic failover needs a monitor' }],
    [
      { automatic: true, monitored: true },
      { field: 'automatic', sentence: expect.stringMatching(/needs a witness/) },
    ],
    [
      { monitored: true, agent: false },
      { field: 'monitor', sentence: expect.stringMatching(/needs a method/) },
    ],
    [
      { monitored: true, tcp: 'ssh' },
      { field: 'monitor', own: 'port' },
    ],
    [
      { monitored: true, tcp: '70000' },
      { field: 'monitor', own: null },
    ],
    [
      { monitored: true, seconds: 1e9 },
      { field: 'monitor', own: null },
    ],
    [{ witness: 'agent' }, { field: 'witness', own: 'server' }],
    [
      { witness: 'etcd', endpoints: 'etcd1' },
      { field: 'witness', sentence: expect.stringMatching(/https:\/\/etcd1/) },
    ],
    [{ addresses: '192.0.2.10/24' }, { field: 'addresses', own: 'address', sentence: '192.0.2.10/24' }],
    [{ addresses: '192.0.2.10@eth0' }, { field: 'addresses', sentence: expect.stringMatching(/with its prefix/) }],
    [{ services: 'two words' }, { field: 'services', sentence: expect.stringMatching(/as systemd calls it/) }],
    [
      { witness: 'fence', fence: '/bin/off "now' },
      { field: 'witness', own: 'quote' },
    ],
  ])('%j', (changes, said) => expect(problem(changes)).toMatchObject(said));

  test('a script that is no absolute path', () => {
    const scripts = { ...formOf(null).scripts, afterFailover: 'announce' };
    expect(problem({ scripts })).toMatchObject({ field: 'scripts', sentence: expect.stringMatching(/absolute path/) });
  });
});

test('a line of words comes back as the words that it was made of', () => {
  const word = fc.string({ unit: 'binary', minLength: 0, maxLength: 12 });
  fc.assert(
    fc.property(fc.array(word, { maxLength: 6 }), (words) => {
      expect(wordsOf(lineOf(words))).toEqual(words);
    }),
  );
  expect(wordsOf(`  /bin/a 'one "two"' b\\ c ""`)).toEqual(['/bin/a', 'one "two"', 'b c', '']);
  expect([wordsOf('"open'), wordsOf("'open"), wordsOf('\\')]).toEqual([null, null, null]);
});
