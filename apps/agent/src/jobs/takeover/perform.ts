/**
 * The hand of the machine: does one act after the other, each noted on disk before it is begun and when it has ended. In: a record. Out:
 * the record moved on until nothing is to be done. Promise: an act that was broken off is not noted as ended by it.
 */
import { moveTakeover, nextAct, type TakeoverEvent } from '@understudy/engine';
import { messageOf } from '../../home/start-error.ts';
import { adviceFor } from './plan.ts';
import type { ReplicaJob } from './replica-job.ts';
import type { RunCommand } from './run-command.ts';
import { type StepCodes, type StepContext, StepError } from './steps/step.ts';
import type { TakeoverRecord, TakeoverStore } from './takeover-store.ts';

type Tell = (
  record: TakeoverRecord,
  code: string,
  severity: 'information' | 'warning' | 'error',
  sentence: string,
) => void;

export interface PerformParts {
  readonly store: TakeoverStore;
  readonly steps: StepCodes;
  readonly run: RunCommand;
  readonly jobOf: () => ReplicaJob;
  readonly signal: AbortSignal;
  readonly tell: Tell;
  readonly fault: (error: unknown, job: string) => void;
}

export async function performTakeover(jobId: string, parts: PerformParts): Promise<void> {
  const { store, signal, tell } = parts;
  for (;;) {
    const record = store.get(jobId);
    const act = record === null || signal.aborted ? null : nextAct(record.takeover);
    if (record === null || act === null) return;
    const begun = noted(record, { kind: 'begun' }, '', store);
    const code = parts.steps[act.step];
    const context = contextFor(parts, begun, act.again);
    const event = await outcomeOf(
      () => (act.kind === 'do' ? code.do(context) : (code.undo?.(context) ?? nothing())),
      parts,
    );
    // Cancelled, or the agent ends: what is left to be done stands in the record as it is now.
    if (signal.aborted) return;
    const after = noted(begun, event.event, event.advice, store);
    tell(after, ...wordOn(after, `${act.kind === 'do' ? '' : 'taking back '}${act.step}`, event.event));
    tellEnd(after, tell);
  }
}

const nothing = async (): Promise<string> => 'nothing to be taken back';

async function outcomeOf(
  work: () => Promise<string>,
  { fault }: PerformParts,
): Promise<{ event: TakeoverEvent; advice: string }> {
  try {
    return { event: { kind: 'ended', outcome: (await work()).slice(0, 4000) }, advice: '' };
  } catch (error) {
    if (!(error instanceof StepError)) fault(error, '');
    const code = error instanceof StepError ? error.code : 'failed';
    const sentence = messageOf(error).slice(0, 4000);
    return {
      event: { kind: 'failed', reason: { code, sentence } },
      advice: error instanceof StepError ? error.advice : '',
    };
  }
}

function noted(record: TakeoverRecord, event: TakeoverEvent, advice: string, store: TakeoverStore): TakeoverRecord {
  const takeover = moveTakeover(record.takeover, event);
  if (typeof takeover === 'string') throw new Error(takeover);
  const over = nextAct(takeover) === null;
  const kept = event.kind === 'failed' ? advice : record.advice;
  const after = { ...record, takeover, advice: kept, endedAt: over ? new Date().toISOString() : null };
  store.save(after);
  return after;
}

function wordOn(
  { takeover }: TakeoverRecord,
  what: string,
  event: TakeoverEvent,
): Parameters<Tell> extends [unknown, ...infer R] ? R : never {
  if (event.kind === 'failed')
    return ['failover-step-failed', 'error', `The step ${what} failed: ${event.reason.sentence}`];
  const outcome = event.kind === 'ended' ? event.outcome : takeover.phase;
  return ['failover-step', 'information', `The step ${what} is done: ${outcome}.`];
}

function tellEnd(record: TakeoverRecord, tell: Tell): void {
  const { takeover, startedAt, endedAt, advice } = record;
  if (endedAt === null) return;
  const seconds = ((Date.parse(endedAt) - Date.parse(startedAt)) / 1000).toFixed(1);
  if (takeover.phase === 'failed-over')
    tell(record, 'failed-over', 'warning', `The failover is complete, ${seconds} s after it was ordered.`);
  else if (takeover.phase === 'taken-back')
    tell(record, 'failover-taken-back', 'warning', 'The failover was cancelled: what was done is taken back.');
  else
    tell(
      record,
      'failover-halted',
      'error',
      `The failover is halted: ${takeover.reason?.sentence ?? ''} ${adviceFor(takeover, advice)}`,
    );
}

export type ContextParts = Pick<PerformParts, 'run' | 'store' | 'signal' | 'tell' | 'jobOf'>;

export function contextFor(
  parts: ContextParts,
  record: TakeoverRecord,
  again: boolean,
  action: 'failover' | 'failback' = 'failover',
): StepContext {
  const { run, store, signal, tell } = parts;
  const job = parts.jobOf();
  const base = { ...environmentOf(job, record), UNDERSTUDY_ACTION: action };
  return {
    job,
    record,
    again,
    signal,
    run: (command, options) =>
      run(command, { ...options, env: { ...base, ...options.env }, output: store.outputOf(record.jobId), signal }),
    tell: (code, severity, sentence) => tell(record, code, severity, sentence),
  };
}

/** What scripts and commands find in their environment. */
export function environmentOf(job: ReplicaJob, record: TakeoverRecord): Record<string, string> {
  const lines = (paths: ReplicaJob['replicaPaths']) =>
    paths.map((path) => Buffer.from(path, 'latin1').toString('utf8')).join('\n');
  return {
    UNDERSTUDY_JOB: job.name,
    UNDERSTUDY_JOB_ID: job.id,
    UNDERSTUDY_SOURCE: job.source,
    UNDERSTUDY_TARGET: job.target,
    UNDERSTUDY_PATHS: lines(job.replicaPaths),
    UNDERSTUDY_SOURCE_PATHS: lines(job.sourcePaths),
    UNDERSTUDY_EPOCH: String(record.epoch),
    UNDERSTUDY_DATA: record.data,
    UNDERSTUDY_POINT: record.point ?? record.reaches ?? '',
    UNDERSTUDY_AUTOMATIC: record.automatic ? '1' : '0',
  };
}
