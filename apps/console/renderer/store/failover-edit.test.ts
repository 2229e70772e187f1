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

test('DNS records and limits of the moments are read as they are written, and come back as they were read', () => {
  const dns = {
    ...{ on: true, server: '[2001:db8::53]:5353', zone: 'example.org.', keyFile: '/etc/understudy.key' },
    records: 'db.example.org a 192.0.2.20 back 192.0.2.10\n\nwww.example.org CNAME db.example.org ttl 300',
  };
  const after = section({ dns, undo: { age: '36h', size: '1.5G' } });
  expect(after).toMatchObject({
    dns: {
      ...{ server: '2001:db8::53', port: 5353, zone: 'example.org.', keyFile: '/etc/understudy.key' },
      records: [
        { name: 'db.example.org', type: 'A', value: '192.0.2.20', back: '192.0.2.10', ttlSeconds: 60 },
        { name: 'www.example.org', type: 'CNAME', value: 'db.example.org', ttlSeconds: 300 },
      ],
    },
    undo: { ageMs: 129_600_000, sizeBytes: 1_610_612_736 },
  });
  expect(formOf(after).dns).toEqual({
    ...dns,
    records: 'db.example.org A 192.0.2.20 back 192.0.2.10\nwww.example.org CNAME db.example.org ttl 300',
  });
  expect(formOf(after).undo).toEqual({ age: '36h', size: '1536M' });
  const none = section({ dns: { ...formOf(after).dns, on: false }, undo: { age: '', size: ' ' } }, after);
  expect([none?.dns, none?.undo]).toEqual([undefined, undefined]);
});

test('a time limit of a DNS update stays when its records change', () => {
  const before = failoverSchema.parse({ dns: { ...FULL.dns, timeoutMs: 5000, port: 5353 } });
  const { dns } = formOf(before);
  expect(dns.server).toBe('192.0.2.53:5353');
  expect(section({ dns: { ...dns, server: '192.0.2.54' } }, before)?.dns).toEqual({
    ...before.dns,
    ...{ server: '192.0.2.54', port: 53 },
  });
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

const dnsWith = (changes: Partial<FailoverForm['dns']>): FailoverForm['dns'] => ({
  ...{ on: true, server: '192.0.2.53', zone: 'example.org', keyFile: '', records: 'a.example.org A 192.0.2.1' },
  ...changes,
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
    [{ dns: dnsWith({ server: '' }) }, { field: 'dns', own: 'nameServer' }],
    [{ dns: dnsWith({ server: 'ns:70000' }) }, { field: 'dns', own: null }],
    [{ dns: dnsWith({ zone: 'no zone' }) }, { field: 'dns', sentence: expect.stringMatching(/db\.example\.org/) }],
    [{ dns: dnsWith({ keyFile: 'key' }) }, { field: 'dns', sentence: expect.stringMatching(/absolute path/) }],
    [{ dns: dnsWith({ records: '' }) }, { field: 'dns', sentence: 'a DNS update needs a record' }],
    ...['a.b A', 'a.b A 192.0.2.1 back', 'a.b A 192.0.2.1 ttl soon', 'a.b A 192.0.2.1 back x back y'].map(
      (records): [Partial<FailoverForm>, Partial<Problem>] => [
        { dns: dnsWith({ records }) },
        { field: 'dns', own: 'record', sentence: records },
      ],
    ),
    [{ dns: dnsWith({ records: 'a.b MX mail.a.b' }) }, { field: 'dns', own: null }],
    [{ undo: { age: 'a day', size: '' } }, { field: 'undo', own: 'age', sentence: 'a day' }],
    [{ undo: { age: '366d', size: '' } }, { field: 'undo', own: null }],
    [{ undo: { age: '', size: 'much' } }, { field: 'undo', own: 'size', sentence: 'much' }],
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
