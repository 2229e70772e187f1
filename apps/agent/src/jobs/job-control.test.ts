import { base64 } from '@understudy/engine';
import { position } from '@understudy/wire';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { JobHistory } from '../history/job-history.ts';
import type { CallContext } from '../listen/job-control.ts';
import { jobControl } from './job-control.ts';
import type { Restores } from './restore/restores.ts';
import type { SourceJobs } from './source/source-jobs.ts';
import type { Cutover } from './takeover/migrate/cutover.ts';
import type { SwappedRoles } from './takeover/reverse/swapped-roles.ts';
import type { Takeovers } from './takeover/takeovers.ts';
import type { JobTests } from './takeover/test-failover/job-tests.ts';
import { pastCalls } from './target/past/past-calls.ts';

/** What a verification and a flush need of a running job. */
class FakeRunning {
  state: { state: string; reason: { code: string; sentence: string } | null } = { state: 'protected', reason: null };
  settle: (at: number, unrepairable: number) => void = () => {};
  /** What the repair leaves. */
  unrepairable = 0;
  orphans = 'report';
  readonly events: { code: string; severity: string; sentence: string }[] = [];
  readonly reports: { brokenOff: string | null; result: { count: number } | null; by: string | null }[] = [];
  verified: (verification: object) => void = () => {};
  ended: (reason: { code: string; sentence: string }) => void = () => {};
  listeners = 0;
  wakes = 0;
  lost = 0;
  mayStart = true;
  readonly jobs = {
    drained: () => ({
      roots: [{ path: '/srv/a' }, { path: '/srv/b' }],
      interception: {
        wake: () => {
          this.wakes += 1;
        },
      },
      runner: {
        state: () => this.state,
        keep: () => {},
        options: { event: (event: FakeRunning['events'][number]) => this.events.push(event) },
        ends: {
          add: (listener: (reason: { code: string; sentence: string }) => void) => {
            this.ended = listener;
            this.listeners += 1;
            return () => {
              this.listeners -= 1;
            };
          },
        },
        job: {
          verification: null,
          path: { scm: { applied: position(77) } },
          runs: { options: { orphans: this.orphans } },
          flush: (settle: (at: number, unrepairable: number) => void) => {
            this.settle = settle;
          },
          startVerification: (done: (verification: object) => void) => {
            if (!this.mayStart) return null;
            this.verified = done;
            return {
              markLost: () => {
                this.lost += 1;
              },
            };
          },
        },
      },
    }),
    mirror: vi.fn(() => 'mirrored'),
    mirrorChange: vi.fn(() => 'changed'),
    reports: () => ({
      add: (report: FakeRunning['reports'][number]) => this.reports.push(report),
      list: (limit: number) => this.reports.slice(0, limit),
      find: () => null,
    }),
  } as unknown as SourceJobs & { mirror: ReturnType<typeof vi.fn>; mirrorChange: ReturnType<typeof vi.fn> };
}

describe("management's calls on jobs", () => {
  let fake: FakeRunning;
  let abort: AbortController;
  let context: CallContext;
  beforeEach(() => {
    fake = new FakeRunning();
    abort = new AbortController();
    context = { signal: abort.signal, caller: 'test' };
  });
  const past = { kept: () => [], open: () => null } as never;
  const control = () =>
    jobControl({
      jobs: fake.jobs,
      takeovers: {} as Takeovers,
      tests: {} as JobTests,
      past: pastCalls(past, 'beta', () => false),
      roles: {} as SwappedRoles,
      cutover: {} as Cutover,
      restores: {} as Restores,
      history: {} as JobHistory,
    });
  const verify = (more = {}) => control().verify({ name: 'files', repair: false, limit: 10, ...more }, context);
  const flush = (timeoutMs = 60_000) => control().flush({ name: 'files', timeoutMs }, context);
  const difference = (root: number, path: string, what = 'content') => ({
    root,
    path: base64(path as never),
    what,
    detail: 'at 4096',
  });
  const done = (differences: object[] = [], more = 0) => ({
    lost: false,
    differences,
    findings: { differences, more, count: differences.length + more },
    progress: { filesDone: 3, bytesDone: 9, inMotion: 1 },
    inMotion: ['/srv/a/log'],
  });

  it('a verification names its differences by their path on the source, of any bytes', async () => {
    const answer = verify();
    fake.verified(done([difference(0, 'x/y'), difference(1, ''), difference(1, 'caf\xe9')]));
    expect(await answer).toEqual({
      differences: [
        { path: '/srv/a/x/y', what: 'content', detail: 'at 4096' },
        { path: '/srv/b', what: 'content', detail: 'at 4096' },
        {
          path: '/srv/b/caf\ufffd',
          what: 'content',
          detail: 'at 4096',
          pathBytes: Buffer.from('/srv/b/caf\xe9', 'latin1').toString('base64'),
        },
      ],
      truncated: false,
      count: 3,
      filesChecked: 3,
      bytesChecked: 9,
      position: '77',
      repaired: 0,
      inMotion: ['/srv/a/log'],
      inMotionCount: 1,
    });
    expect([fake.wakes, fake.listeners]).toEqual([1, 0]);
    expect(fake.reports).toMatchObject([{ brokenOff: null, by: 'test', result: { count: 3 } }]);
  });

  it('[TRM3] differences are an event with their count and the first of their paths, whoever asked', async () => {
    const event = async (answer: Promise<unknown>, ...found: Parameters<typeof done>) => {
      fake.verified(done(...found));
      await answer;
      return fake.events.splice(0);
    };
    expect(await event(verify())).toEqual([
      {
        code: 'verified',
        severity: 'information',
        sentence: expect.stringContaining('by test checked 3 files and found no'),
      },
    ]);
    const [told] = await event(verify(), [difference(0, 'x'), difference(1, 'y', 'mode')], 5);
    expect(told).toMatchObject({ code: 'verified', severity: 'warning' });
    expect(told?.sentence).toMatch(/found 7 differences \(\/srv\/a\/x: content, \/srv\/b\/y: mode and 5 more\)/);
    expect(told?.sentence).toContain('`understudy verify files --repair` sends what differs again');
    const [orphan] = await event(verify(), [difference(0, 'x', 'extra')]);
    expect(orphan?.sentence).toContain('it stays, as the job says');
  });

  it('counts what it does not list', async () => {
    const answer = verify({ limit: 1 });
    fake.verified(done([difference(0, 'a'), difference(0, 'b')], 5));
    expect(await answer).toMatchObject({ truncated: true, count: 7, differences: [{ path: '/srv/a/a' }] });
  });

  it('a verification that is lost, or whose job ends, or that cannot begin, is said', async () => {
    const lost = verify();
    fake.verified({ ...done(), lost: true });
    await expect(lost).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('broken off') });
    const stopped = verify();
    fake.ended({ code: 'stopped', sentence: 'the job was stopped' });
    await expect(stopped).rejects.toThrow('The verification of files was broken off: the job was stopped');
    fake.mayStart = false;
    await expect(verify()).rejects.toMatchObject({ code: 'busy' });
    expect(fake.listeners).toBe(1);
    expect(fake.reports.map(({ brokenOff }) => brokenOff?.includes('broken off'))).toEqual([true, true]);
  });

  it.each(['paused', 'disconnected'])('a verification is refused while the job is %s', async (state) => {
    fake.state = { state, reason: { code: 'x', sentence: 'For this reason.' } };
    await expect(verify()).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('For this reason.'),
    });
  });

  it('a verification whose caller has gone is given up', () => {
    void verify().catch(() => {});
    abort.abort();
    expect([fake.lost, fake.wakes]).toEqual([1, 2]);
  });

  it('a flush answers with the position', async () => {
    const answer = flush();
    expect(fake.wakes).toBe(1);
    fake.settle(123, 0);
    expect(await answer).toEqual({ position: '123' });
    expect(fake.listeners).toBe(0);
  });

  it('[TRM2] a flush does not say that all is well while paths could not be brought over', async () => {
    const answer = flush();
    fake.settle(123, 2);
    await expect(answer).rejects.toMatchObject({
      code: 'failed',
      message: expect.stringMatching(/position 123.*2 paths/),
    });
  });

  it('a flush that takes too long says what the job is at, and that it goes on', async () => {
    fake.state = { state: 'disconnected', reason: { code: 'link-down', sentence: 'beta is down.' } };
    await expect(flush(1)).rejects.toMatchObject({
      code: 'timeout',
      message: expect.stringMatching(/within 1 ms: it is disconnected \(beta is down\.\)\. It goes on/),
    });
    expect(fake.listeners).toBe(0);
  });

  it('a flush ends with its job and with its caller', async () => {
    const ended = flush();
    fake.ended({ code: 'mount-gone', sentence: 'the mount was taken away' });
    await expect(ended).rejects.toThrow('The flush of files was broken off: the mount was taken away');
    const gone = flush();
    abort.abort();
    await expect(gone).rejects.toThrow('The caller has gone');
  });

  it('[VER2] with repair waits for it, and says how much of what differed was sent', async () => {
    for (const [unrepairable, repaired] of [
      [0, 2],
      [1, 1],
    ] as const) {
      const answer = verify({ repair: true });
      const orphan = { ...difference(0, 'theirs', 'extra'), detail: 'it never came from the source' };
      fake.verified(done([difference(0, 'a'), difference(0, 'b'), orphan]));
      await vi.waitFor(() => expect(fake.listeners).toBe(1));
      fake.settle(99, unrepairable);
      expect(await answer).toMatchObject({ count: 3, repaired });
    }
  });

  it('a mirror, and what becomes of it, is handed on with its options; reports are listed', async () => {
    const mirror = { name: 'files', compare: 'checksum', blockSize: 8192, orphans: 'move' } as const;
    expect(await control().mirror(mirror, context)).toBe('mirrored');
    expect(fake.jobs.mirror).toHaveBeenCalledWith(mirror);
    expect(await control().mirrorChange({ name: 'files', change: 'pause' }, context)).toBe('changed');
    expect(await control().verifications({ name: 'files', limit: 5 })).toEqual({ reports: [] });
    await expect(control().verifications({ name: 'files', limit: 5, number: 3 })).rejects.toThrow(/No report 3/);
  });
});
