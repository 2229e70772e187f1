/** Why an action is not possible now. In: a job's view. Out: a text's key and what is put into it. Pure. */
import type { JobAction } from '@understudy/wire';
import type { JobView, ServersByName } from '../store/jobs.ts';
import { targetEnd } from '../store/jobs.ts';
import type { Words } from '../use-words.ts';
import type { WordKey } from '../words/words.ts';

/** What this console can do itself; the others are named and explained. */
export const here: readonly JobAction[] = [
  'start',
  'stop',
  'pause',
  'resume',
  'delete',
  'mirror',
  'verify',
  'flush',
  'edit',
  'restore',
  'failover',
  'undo-failover',
  'failback',
  'reverse',
  'brake',
];

export function whyNot(words: Words, job: JobView, action: JobAction, servers: ServersByName): string {
  const { t } = words;
  const { state } = job.status;
  if (action === 'edit' && job.captor === null) return t('why.noSource');
  if (action === 'edit' && job.captor !== null && job.captorStaleSinceMs !== null)
    return t('why.noAnswer', { server: job.captor.server });
  if (job.staleSinceMs !== null && action !== 'failover') return t('why.noAnswer', { server: job.server });
  if (action === 'failover') {
    const end = targetEnd(job);
    if (end === null || servers[end.server]?.link.state !== 'live') return t('why.noTarget');
  }
  const key = reasonKey(job, action);
  return t(key, { state: t(`states.job.${state}`) });
}

const OVER = ['failing-over', 'failed-over', 'failing-back'];
const WAY_BACK: readonly JobAction[] = ['undo-failover', 'failback', 'reverse', 'restore'];
const AFTER_START: readonly JobAction[] = ['stop', 'pause', 'resume', 'mirror', 'verify', 'flush', 'brake'];

function reasonKey({ status }: JobView, action: JobAction): WordKey {
  const { state, mirror } = status;
  if (WAY_BACK.includes(action)) return state === 'failed-over' ? 'why.state' : 'why.notOver';
  if (OVER.includes(state)) return action === 'delete' || action === 'failover' ? 'why.state' : 'why.over';
  if (action === 'delete') return 'why.stopFirst';
  if (state === 'stopped' && AFTER_START.includes(action)) return 'why.notRunning';
  if (action === 'start') return state === 'halted' ? 'why.halted' : 'why.running';
  if (action === 'brake') return 'why.noBrake';
  if (status.actions.includes('brake')) return 'why.brake';
  if (action === 'resume') return 'why.notPaused';
  if (action === 'pause') return state === 'paused' ? 'why.paused' : 'why.state';
  if (state === 'paused') return 'why.paused';
  if (state === 'disconnected') return 'why.noLink';
  if ((action === 'mirror' || action === 'verify') && mirror.state !== 'idle') return 'why.mirroring';
  return 'why.state';
}
