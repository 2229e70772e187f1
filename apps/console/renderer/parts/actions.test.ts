import { type JobAction, jobActions, jobStates } from '@understudy/wire';
import { describe, expect, test } from 'vitest';
import { endOf, LOST, serverOf, type statusOf } from '../../testing.ts';
import { type JobView, jobsOf, offersOf } from '../store/jobs.ts';
import { translator } from '../words/words.ts';
import { whyNot } from './actions.ts';

const words = { t: translator('en'), locale: { tag: 'en-GB' }, language: 'en' as const };
const servers = { alpha: serverOf('alpha'), beta: serverOf('beta') };

function jobOf(changes: Parameters<typeof statusOf>[0], known = servers): JobView {
  const id = '6f1c2a7e-0000-4000-8000-000000000001';
  const target = endOf('beta', {
    id,
    role: 'target',
    actions: [],
    failover: { automatic: false, monitor: null, takeover: null },
  });
  const ends = { 'alpha/files': endOf('alpha', { id, ...changes }), 'beta/files': target };
  const [job] = jobsOf(ends, known);
  if (job === undefined) throw new Error('a job was expected');
  return job;
}
const why = (changes: Parameters<typeof statusOf>[0], action: JobAction): string =>
  whyNot(words, jobOf(changes), action, servers);

describe('an action that is not possible says why', () => {
  test('in every state, in words that name no key', () => {
    for (const state of jobStates)
      for (const { action, server } of offersOf(jobOf({ state, actions: [] }), servers)) {
        expect(server).toBeNull();
        const said = why({ state, actions: [] }, action);
        expect(said, `${action} while ${state}`).toMatch(/^[A-Z].*\.$/);
        expect(said).not.toMatch(/why\./);
      }
    expect(jobActions.length).toBeGreaterThan(10);
  });

  test.each<[Parameters<typeof statusOf>[0], JobAction, string]>([
    [{ state: 'protected' }, 'start', 'It runs already.'],
    [{ state: 'stopped' }, 'verify', 'The job is stopped.'],
    [{ state: 'paused' }, 'mirror', 'It is paused.'],
    [{ state: 'disconnected' }, 'flush', 'The two servers are not connected.'],
    [{ state: 'protected' }, 'failback', 'Nothing has failed over.'],
    [{ state: 'protected' }, 'delete', 'Stop the job first.'],
    [{ state: 'halted', actions: ['brake', 'stop', 'delete'] }, 'mirror', 'The brake holds: that is decided first.'],
    [{ state: 'failed-over' }, 'pause', 'The target has taken over.'],
  ])('%o: %s: %s', (changes, action, said) => expect(why(changes, action)).toBe(said));

  test('of an edit: the server that captures is silent, or nobody knows it', () => {
    const silent = { alpha: serverOf('alpha', LOST), beta: serverOf('beta') };
    expect(whyNot(words, jobOf({ state: 'protected' }, silent), 'edit', silent)).toBe('alpha does not answer.');
    expect(why({ role: 'target' }, 'edit')).toMatch(/^The server that captures is not known here/);
  });

  test('of an agent that does not answer', () => {
    const silent = { alpha: serverOf('alpha', LOST), beta: serverOf('beta', LOST) };
    const job = jobOf({ state: 'protected' }, silent);
    expect(whyNot(words, job, 'pause', silent)).toBe('alpha does not answer.');
    expect(whyNot(words, job, 'failover', silent)).toMatch(/^The target does not answer/);
  });
});
