import { FrameType, type JobDefinition, position, type VerificationReport } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { FakeLink } from '../testing/fake-link.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';
import { scheduleVerifications } from './verify-job.ts';

const MINUTE_MS = 60_000;
const EVERY_MINUTE = '* * * * *';
const BEGAN = new Date(2026, 0, 2, 2, 58, 30);
/** Of the root itself. */
const DIFFERS = { kind: 'differs', root: 0, node: '1', parent: '0', path: '', offset: 0, extent: 0, detail: '' };

describe('[VER1] [VER2] verifications by schedule', () => {
  let scene: JobScene;
  let link: FakeLink;
  beforeEach(() => {
    // Not what hands the turns round.
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'], now: BEGAN });
    scene = new JobScene();
  });
  afterEach(async () => {
    vi.useRealTimers();
    await scene.close();
  });

  const running = () => scene.jobs.drained('files');
  const job = () => running().runner.job;
  const pass = (minutes: number) => vi.advanceTimersByTimeAsync(minutes * MINUTE_MS);
  const reports = (): VerificationReport[] => scene.jobs.reports('files').list(9);
  const told = () => scene.events.filter((event) => /verified$/.test(event));
  const isRunning = () => job().verification !== null;

  /** A job whose replica is whole. */
  async function start(verifySchedule: JobDefinition['verifySchedule'] = null): Promise<void> {
    await scene.create('files', { start: true, ...(verifySchedule === null ? {} : { verifySchedule }) });
    job().runs.complete = true;
    link = await scene.welcome({ resumes: true, complete: true });
    link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
    expect(scene.jobs.status('files').mirror.percent).toBe(100);
  }
  /** The target has applied all that was said. */
  function apply(): void {
    job();
    const at = position(job().path.next - 1);
    link.arrive({ type: FrameType.acknowledge, from: at, to: at });
  }
  const finds = (what: string) =>
    link.arriveJson(FrameType.replies, [{ ...DIFFERS, what, at: Number(job().path.next) - 1 }]);
  /** As long as something is said and not applied. */
  async function settle(until: () => boolean): Promise<void> {
    for (let i = 0; i < 100 && !until(); i += 1) {
      apply();
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(until()).toBe(true);
  }
  const edit = (verifySchedule: JobDefinition['verifySchedule']) =>
    scene.jobs.edit({ name: 'files', revision: scene.jobs.kept('files').revision, changes: { verifySchedule } });

  it('run at their times while the job runs, one at a time, and leave a report that nobody asked for', async () => {
    await start({ cron: EVERY_MINUTE, repair: false });
    expect(isRunning()).toBe(false);
    await pass(1);
    expect([isRunning(), reports()]).toEqual([true, []]);
    await pass(3);
    await settle(() => reports().length > 0);
    expect([isRunning(), told()]).toEqual([false, ['files verified']]);
    const [report] = reports();
    expect(report).toMatchObject({ number: 1, by: null, repair: false, brokenOff: null });
    expect(report?.result).toMatchObject({ count: 0, repaired: 0, differences: [] });
    await pass(1);
    expect(isRunning()).toBe(true);
    await settle(() => reports().length > 1);
    expect(reports().map(({ number }) => number)).toEqual([2, 1]);
  });

  it.each([false, true])('repair what they find only where the schedule says so (%s)', async (repair) => {
    await start({ cron: EVERY_MINUTE, repair });
    await pass(1);
    expect(isRunning()).toBe(true);
    finds('mode');
    await settle(() => reports().length > 0);
    const [report] = reports();
    expect(report).toMatchObject({ by: null, repair, result: { count: 1, repaired: repair ? 1 : 0 } });
    expect(report?.result?.differences).toMatchObject([{ what: 'mode' }]);
    const repairs = scene.events.filter((event) => event === 'files repair-ended');
    expect(repairs).toHaveLength(repair ? 1 : 0);
    expect(job().path.srm.dirty.size).toBe(0);
  });

  it('that are broken off leave a report which says why', async () => {
    await start({ cron: EVERY_MINUTE, repair: false });
    await pass(1);
    link.end('lost', 'the line was cut');
    // Until the source dials again.
    while (scene.links.length < 2) await vi.advanceTimersByTimeAsync(100);
    await scene.welcome({ resumes: true, complete: true });
    await vi.waitFor(() => expect(told()).not.toEqual([]));
    expect(told()).toEqual(['files not-verified']);
    expect(reports()).toMatchObject([{ by: null, result: null, brokenOff: expect.stringContaining('link was lost') }]);
  });

  it('that cannot begin say so, leave no report, and come again at the next time', async () => {
    await start({ cron: EVERY_MINUTE, repair: false });
    scene.jobs.pause('files', true);
    await pass(1);
    expect([isRunning(), told(), reports()]).toEqual([false, ['files not-verified'], []]);
    scene.jobs.pause('files', false);
    await pass(1);
    expect(isRunning()).toBe(true);
  });

  it('follow an edit at once: begun, moved and ended while the job runs', async () => {
    await start();
    await pass(5);
    expect(isRunning()).toBe(false);
    await edit({ cron: EVERY_MINUTE, repair: false });
    await pass(1);
    await settle(() => reports().length === 1);
    await edit({ cron: '30 * * * *', repair: true });
    await pass(10);
    expect([isRunning(), reports().length]).toEqual([false, 1]);
    await pass(30);
    expect(isRunning()).toBe(true);
    await settle(() => reports().length === 2);
    expect(reports()[0]).toMatchObject({ by: null, repair: true });
    await edit(null);
    await pass(70);
    expect([isRunning(), reports().length]).toEqual([false, 2]);
  });

  it('end with the job, and begin with it again', async () => {
    await start({ cron: EVERY_MINUTE, repair: false });
    const former = job();
    await scene.jobs.stop('files');
    await pass(5);
    expect([former.verification, told()]).toEqual([null, []]);
    await scene.jobs.start('files');
    await pass(1);
    // There is no link yet.
    expect(told()).toEqual(['files not-verified']);
  });

  it('tell in one sentence what was checked, found and sent, as a warning while something is left', async () => {
    await start();
    const heard = vi.spyOn(running().runner.options, 'event');
    const said = () =>
      heard.mock.calls.flatMap(([{ code, severity, sentence }]) =>
        code === 'verified' ? [`${severity}: ${sentence}`] : [],
      );
    const schedule = { cron: EVERY_MINUTE, repair: false };
    const parts = { name: 'files', running: running(), schedule, reports: scene.jobs.reports('files') };
    const end = scheduleVerifications({ ...parts, event: () => {} });
    await pass(1);
    await settle(() => said().length > 0);
    await pass(1);
    finds('mode');
    await settle(() => said().length > 1);
    const [nothing, something] = said();
    expect(nothing).toBe('information: The scheduled verification checked 0 files and found no differences.');
    expect(something).toMatch(
      /^warning: The scheduled verification checked 0 files and found 1 difference \(.+: mode\)\. `understudy verify files --repair` sends what differs again; `understudy verifications files` lists all\.$/,
    );
    end();
    await pass(5);
    expect([isRunning(), said().length]).toEqual([false, 2]);
  });
});
