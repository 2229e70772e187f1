import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import { type Service, serviceSchema } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Copier, leavesOf, viewCopier } from './copies.ts';
import { type TestedReplica, TestFailovers, type TestParts } from './test-failover.ts';

let top: string;
let events: string[];
const JOB = '6e0b2a6c-0a2e-4a52-9d0f-0d4f4c9d2a11';
const raw = (path: string) => brand<RawName>(path);

beforeEach(() => {
  top = mkdtempSync(join(tmpdir(), 'understudy-test-failover-'));
  events = [];
  mkdirSync(join(top, 'kept'));
});
afterEach(() => rmSync(top, { recursive: true, force: true }));

const roots = () => [{ replica: raw(`${top}/replica`), source: raw('/srv/data'), kept: raw(`${top}/kept`) }];

/** Copies nothing, and leaves a directory as the real ones do. */
const copier = (changes: Partial<Copier> = {}): Copier => ({
  whyNot: async () => null,
  make: async ({ roots: all }) => {
    for (const leaf of leavesOf(all)) mkdirSync(leaf);
    return {
      shown: [],
      position: '7',
      point: '2026-11-29T06:00:00.000Z',
      copy: 'reflink',
      heldMs: 3,
      end: async () => undefined,
    };
  },
  ...changes,
});

function open(parts: Partial<TestParts> = {}): TestFailovers {
  return new TestFailovers({
    home: top,
    hidden: () => [],
    event: (code) => events.push(code),
    copiers: [copier()],
    // Commands run here and now.
    openNamespace: async () => ({ enter: [], close: async () => undefined }),
    ...parts,
  });
}

const service = (name: string, start: string, check = 'true'): Service =>
  serviceSchema.parse({ name, start: ['/bin/sh', '-c', start], check: ['/bin/sh', '-c', check], timeoutMs: 2000 });

function replica(changes: Partial<TestedReplica> = {}): TestedReplica {
  return {
    ...{ jobId: JOB, name: 'files', roots: roots(), addresses: [], past: null, whyNot: null },
    hand: {
      hold: () => () => undefined,
      facts: () => {
        throw new Error('not asked');
      },
    },
    services: [
      service('one', `echo one >> ${top}/log`),
      service('two', `echo two >> ${top}/log`, `grep -q two ${top}/log`),
    ],
    ...changes,
  };
}

describe('a test failover', () => {
  it('starts the services in order, and is remembered as proven over a restart', async () => {
    const tests = open();
    const record = await tests.run(replica(), 'anna');
    expect(record).toMatchObject({ ok: true, by: 'anna', position: '7', copy: 'reflink', heldMs: 3 });
    expect(record.services.map(({ name }) => name)).toEqual(['one', 'two']);
    expect(record.recoveryMs).toBeGreaterThan(0);
    expect(readFileSync(`${top}/log`, 'utf8')).toBe('one\ntwo\n');
    expect(leavesOf(roots()).filter((leaf) => existsSync(leaf))).toEqual([]);
    expect(open().status(JOB)).toEqual({ running: false, last: record, proven: record });
    expect(events).toEqual(['test-failover']);
  });

  it('that fails says why, and what was proven before stays so', async () => {
    const tests = open();
    const proven = await tests.run(replica(), null);
    const services = [service('one', 'echo no disk >&2; exit 3')];
    const failed = await tests.run(replica({ services }), null);
    expect(failed).toMatchObject({ ok: false, recoveryMs: null, position: '7' });
    expect(failed.sentence).toMatch(
      /test failover of files did not succeed: The service one could not be started.*exit code 3.*no disk/,
    );
    expect(tests.status(JOB)).toEqual({ running: false, last: failed, proven });
    expect(events).toEqual(['test-failover', 'test-failover-failed']);
    expect(leavesOf(roots()).filter((leaf) => existsSync(leaf))).toEqual([]);
  });

  it('of a replica that cannot be copied in a moment is no success, and names every reason', async () => {
    const cannot = (why: string) => copier({ whyNot: async () => why });
    const record = await open({ copiers: [cannot('no blocks are shared'), cannot('no moments are kept')] }).run(
      replica(),
      null,
    );
    expect(record).toMatchObject({ ok: false, position: null, copy: null });
    expect(record.sentence).toContain('cannot be copied in a moment: no blocks are shared, and no moments are kept.');
  });

  it('is refused where there is nothing to try, or nothing good to try it on', async () => {
    const tests = open();
    await expect(tests.run(replica({ services: [] }), null)).rejects.toThrow(
      'files has no services that a failover would start',
    );
    const unit = serviceSchema.parse({ name: 'db', unit: 'db.service' });
    await expect(tests.run(replica({ services: [unit] }), null)).rejects.toThrow('db is known by its unit alone');
    await expect(tests.run(replica({ whyNot: 'It is not whole.' }), null)).rejects.toThrow('It is not whole.');
    expect(tests.status(JOB)).toEqual({ running: false, last: null, proven: null });
  });

  it('is one at a time, and can be broken off', async () => {
    const tests = open();
    const first = tests.run(replica({ services: [service('one', `touch ${top}/begun; sleep 60`)] }), 'anna');
    expect(tests.status(JOB).running).toBe(true);
    await expect(tests.run(replica(), 'bert')).rejects.toThrow('A test failover of files is under way already.');
    await tests.stop(JOB);
    expect((await first).sentence).toContain('it was broken off');
    expect(tests.status(JOB).running).toBe(false);
  });

  it('that a killed agent left is swept away by the next one', async () => {
    const [leaf = raw('')] = leavesOf(roots());
    let begun = () => {};
    const made = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const killed = open({
      openNamespace: () => {
        begun();
        return new Promise(() => undefined);
      },
    });
    void killed.run(replica(), null);
    await made;
    writeFileSync(`${leaf}/file`, 'x');
    const next = open();
    await next.sweep();
    expect(existsSync(leaf)).toBe(false);
    expect((await next.run(replica(), null)).ok).toBe(true);
  });

  it('keeps what came of it for as long as the replica is kept', async () => {
    const tests = open();
    await tests.run(replica(), 'anna');
    tests.keepOnly(new Set([JOB]));
    expect(open().status(JOB).proven?.by).toBe('anna');
    tests.keepOnly(new Set());
    expect(open().status(JOB)).toEqual({ running: false, last: null, proven: null });
    expect(existsSync(`${top}/tests/${JOB}`)).toBe(false);
  });
});

describe('a copy by a view', () => {
  it('shows the newest moment with a layer over it, and ends with the test', async () => {
    const calls: string[] = [];
    const past = {
      whyNot: () => null,
      show: async (directory: RawName) => {
        calls.push(`show ${directory.slice(top.length)}`);
        return { sourceMs: Date.parse('2026-11-29T06:00:00.250Z'), position: 41 };
      },
      end: async () => void calls.push('end'),
    };
    let shown: unknown;
    const tests = open({
      copiers: [viewCopier],
      openNamespace: async ({ copies }) => {
        shown = copies;
        return { enter: [], close: async () => void calls.push('closed') };
      },
    });
    const record = await tests.run(replica({ past }), null);
    expect(record).toMatchObject({
      ok: true,
      copy: 'view',
      position: '41',
      point: '2026-11-29T06:00:00.250Z',
      heldMs: 0,
    });
    const view = `${top}/tests/${JOB}/view`;
    expect(shown).toEqual([{ lower: `${view}/srv/data`, upper: `${top}/kept/test-0`, at: '/srv/data' }]);
    // Nobody uses it any more when it ends.
    expect(calls).toEqual([`show ${view.slice(top.length)}`, 'closed', 'end']);
  });
});
