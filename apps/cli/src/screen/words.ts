import { formatBytes } from '@understudy/base';
import type { JobState, JobStatus, SynchronousStatus } from '@understudy/wire';
import type { Paint } from '../paint.ts';
import { counted, duration, grouped, sentence } from '../text.ts';

interface Look {
  /** A shape beside the word, so that colour is never the only sign. */
  readonly shape: string;
  readonly colour: 'green' | 'yellow' | 'red' | 'cyan' | 'gray';
}

const LOOKS: Readonly<Record<JobState, Look>> = {
  stopped: { shape: '■', colour: 'gray' },
  calculating: { shape: '◔', colour: 'cyan' },
  mirroring: { shape: '◑', colour: 'cyan' },
  repairing: { shape: '◕', colour: 'cyan' },
  protected: { shape: '●', colour: 'green' },
  degraded: { shape: '▲', colour: 'yellow' },
  paused: { shape: '‖', colour: 'yellow' },
  disconnected: { shape: '○', colour: 'red' },
  replaying: { shape: '◌', colour: 'yellow' },
  'failing-over': { shape: '▶', colour: 'yellow' },
  'failed-over': { shape: '◆', colour: 'yellow' },
  'failing-back': { shape: '◀', colour: 'yellow' },
  halted: { shape: '✖', colour: 'red' },
};

export function stateWord(state: JobState, paint: Paint): string {
  const look = LOOKS[state];
  return paint[look.colour](`${look.shape} ${state}`);
}

/** How far the newest certain image on the target lies behind: its latency while it moves with the source, else its age. */
export function recoveryAge(status: JobStatus, nowMs: number, isLive = true): string {
  const { time, latencyMs } = status.recoveryPoint;
  if (time === null) return 'none yet';
  if (isLive && status.state === 'protected' && latencyMs !== null) return `${duration(latencyMs)} behind`;
  return `${duration(Math.max(0, nowMs - Date.parse(time)))} old`;
}

export function queueWord(status: JobStatus): string {
  const { queuedOperations, queuedBytes } = status.replication;
  return queuedOperations === 0 ? 'empty' : `${counted(queuedOperations, 'operation')}, ${formatBytes(queuedBytes)}`;
}

/** Places, bytes of them in known ranges of files (of a file or folder as a whole the size is not known), and the reasons as in JSON. */
export function dirtyWord({ items, bytes, reasons }: NonNullable<JobStatus['replication']['dirty']>): string {
  const known = bytes === 0 ? '' : `, ${formatBytes(bytes)} in known ranges`;
  const why = reasons.map(({ reason }) => sentence(reason)).join(', ');
  return `${counted(items, 'place')}${known}${why === '' ? '' : ` · ${why}`}`;
}

export function mirrorWord(status: JobStatus): string {
  const { mirror } = status;
  // Rounding up would show 100 while work remains.
  const percent = mirror.percent < 100 ? Math.min(99.9, Math.floor(mirror.percent * 10) / 10) : 100;
  if (mirror.state === 'idle') return percent === 100 ? 'done' : percent === 0 ? 'none yet' : `idle at ${percent} %`;
  return `${mirror.state} ${percent} %`;
}

/** How its calls wait, and who does now. */
export function synchronousWord(status: SynchronousStatus): string {
  const { state, at, until, policy, timeoutMs, callsWaiting, longestWaitMs, callsAborted } = status;
  const calls = at === 'fsync' ? 'fsync' : 'every call';
  const words = [`${state}: ${calls} until ${until}, ${policy} after ${duration(timeoutMs)}`];
  if (callsWaiting > 0) words.push(`${counted(callsWaiting, 'call')} waiting for ${duration(longestWaitMs)}`);
  if (callsAborted > 0) words.push(`${counted(callsAborted, 'call')} undone`);
  return words.join(' · ');
}

/** One job in one line: for answers to commands and for `status --watch` on a pipe. */
export function statusLine(status: JobStatus, nowMs: number): string {
  const parts = [
    `${status.name}: ${status.state}`,
    `${status.source} -> ${status.target}`,
    `mirror ${mirrorWord(status)}`,
    `queue ${queueWord(status)}`,
    `recovery point ${recoveryAge(status, nowMs)}`,
  ];
  if (status.reason !== null) parts.push(status.reason.sentence);
  return parts.join(' · ');
}

export function filesOf(done: number, total: number): string {
  return total === 0 ? 'no files yet' : `${grouped(done)} of ${counted(total, 'file')}`;
}

/** Everything that a status has to say of changes that could go unseen, beside its reason. */
export function warningsOf({ reason, uncovered = [], tripwireOff, exposures = [] }: JobStatus): string[] {
  const warnings = [...exposures];
  if (uncovered.length > 0 && reason?.code !== 'not-intercepted')
    warnings.push(`${uncovered.join(', ')}: mounted within what is protected and not intercepted`);
  if (tripwireOff !== undefined)
    warnings.push(
      `the tripwire is off (${tripwireOff}): changes that bypass the mount go unnoticed; verify the job from time to time`,
    );
  return warnings;
}
