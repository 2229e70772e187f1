import { FileError } from '@understudy/engine';
import { ManagementError } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import type { TargetJobs } from '../target-jobs.ts';
import { pastCalls } from './past-calls.ts';
import { PastRefusal } from './target-past.ts';

const AT = '2026-11-29T06:00:00.250Z';
const base64 = (text: string) => Buffer.from(text, 'latin1').toString('base64');

function callsOn(past: object, more: { linked?: boolean; open?: () => null; taken?: string } = {}) {
  const opened: unknown[] = [];
  const job = { linked: more.linked ?? true, past: { open: (hello: unknown) => opened.push(hello), ...past } };
  const kept = [{ stored: { jobId: 'j', jobName: 'files' }, hello: { jobName: 'files' }, job: null }];
  const targets = { kept: () => kept, open: more.open ?? (() => job) } as unknown as Pick<TargetJobs, 'kept' | 'open'>;
  return { calls: pastCalls(targets, 'beta', (jobId) => jobId === more.taken), opened };
}

const codeOf = (asked: Promise<unknown>) =>
  asked.then(
    () => 'done',
    (error: unknown) => (error instanceof ManagementError ? `${error.code}: ${error.message}` : error),
  );

describe('what may be asked of a replica’s past', () => {
  it('its moments come with the name of the server that keeps them', async () => {
    const { calls } = callsOn({ describe: () => ({ points: [], views: [], keptBytes: 7 }) });
    expect(await calls.points('files')).toEqual({ server: 'beta', points: [], views: [], keptBytes: 7 });
  });

  it('a view is asked for by time and by the bytes of a directory, and the answer is the moment that is shown', async () => {
    const asked: unknown[] = [];
    const past = {
      view: async (ms: number, directory: string) => {
        asked.push(ms, directory);
        return { sourceMs: Date.parse(AT) - 100, position: 41 };
      },
      endView: async (directory: string) => void asked.push(directory),
    };
    const { calls } = callsOn(past);
    expect(await calls.view({ name: 'files', at: AT, directory: base64('/mnt/caf\xe9') })).toEqual({
      time: '2026-11-29T06:00:00.150Z',
      position: '41',
    });
    await calls.endView({ name: 'files', directory: base64('/mnt/caf\xe9') });
    expect(asked).toEqual([Date.parse(AT), '/mnt/caf\xe9', '/mnt/caf\xe9']);
  });

  it('a replica whose source is away is opened without it, and one that is linked is not', async () => {
    const describe = () => ({});
    const away = callsOn({ describe }, { linked: false });
    await away.calls.points('files');
    expect(away.opened).toEqual([{ jobName: 'files' }]);
    const linked = callsOn({ describe });
    await linked.calls.points('files');
    expect(linked.opened).toEqual([]);
  });

  it('[FO1] a replica that is being taken over is not opened to be looked at: that would close it for who writes there', async () => {
    let opens = 0;
    const open = () => {
      opens += 1;
      return null;
    };
    const { calls } = callsOn({}, { open, taken: 'j' });
    expect(await codeOf(calls.points('files'))).toMatch(/^refused: beta takes the job files over/);
    expect(await codeOf(calls.view({ name: 'files', at: AT, directory: base64('/mnt') }))).toMatch(/^refused/);
    expect(opens).toBe(0);
  });

  it('refuses with a sentence what is not there or cannot be shown, and hides no fault of its own', async () => {
    const failing = (error: Error) => {
      const describe = () => {
        throw error;
      };
      return codeOf(callsOn({ describe }).calls.points('files'));
    };
    const { calls } = callsOn({});
    expect(await codeOf(calls.points('other'))).toBe(
      'unknown-job: No replica of a job named other is kept on this server.',
    );
    expect(await failing(new PastRefusal('Nothing is kept of then.'))).toBe('refused: Nothing is kept of then.');
    expect(await failing(new FileError('EIO', 'read', 'the disk is broken'))).toMatch(/^refused: .*the disk is broken/);
    const unknown = callsOn({}, { open: () => null }).calls;
    expect(await codeOf(unknown.points('files'))).toMatch(/^refused: Too little is known of the replica of files/);
    const fault = new TypeError('a fault');
    expect(await failing(fault)).toBe(fault);
  });
});
