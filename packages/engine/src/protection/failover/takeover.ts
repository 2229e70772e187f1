/**
 * FO1: a failover as a machine of states behind one gate. In: the steps of a plan, what has happened to them. Out: what is to be done
 * next, and the state with its reason. Promise: each step is noted before it is done; whoever holds the notes alone, after a crash, does
 * what was left, and nothing that was noted as done; before the point of no return what was done is taken back in reverse where a step
 * fails, behind it nothing is ever taken back. Pure: the notes are kept, and the steps are done, by whoever asks.
 */
import { assert } from '@understudy/base';
import type { TakeoverStep } from '@understudy/wire';
import type { Reason } from '../job-state.ts';

export type StepState = 'waiting' | 'doing' | 'done' | 'skipped' | 'failed' | 'undoing' | 'undone';

export interface StepNote {
  readonly step: TakeoverStep;
  readonly state: StepState;
  /** What it is to do, with the job's names. */
  readonly sentence: string;
  /** What it came to; null: nothing yet. */
  readonly outcome: string | null;
}

/** `halted`: a person is needed. `taken-back`: everything is as it was, because a person wanted it so. */
export type TakeoverPhase = 'failing-over' | 'failed-over' | 'taking-back' | 'halted' | 'taken-back';

export interface Takeover {
  readonly phase: TakeoverPhase;
  readonly steps: readonly StepNote[];
  /** While halted, or taken back because of it. */
  readonly reason: Reason | null;
  /** A person has said that it is to be taken back. */
  readonly cancelled: boolean;
}

export type TakeoverEvent =
  /** The next act is about to be done. */
  | { readonly kind: 'begun' }
  | { readonly kind: 'ended'; readonly outcome: string }
  | { readonly kind: 'failed'; readonly reason: Reason }
  /** A person: of one that is halted, the step is tried again, or taken for done. */
  | { readonly kind: 'go-on' }
  | { readonly kind: 'skip' }
  | { readonly kind: 'take-back' };

export interface Act {
  readonly kind: 'do' | 'undo';
  readonly step: TakeoverStep;
  readonly index: number;
  /** It was begun before, by a process that did not come to its end: it may have been done in part, or whole. */
  readonly again: boolean;
}

/** What keeps others from writing has to go before the interceptor can stand in its place: once this has begun, somebody may have written. */
export const POINT_OF_NO_RETURN: TakeoverStep = 'intercept';

export function newTakeover(steps: readonly { readonly step: TakeoverStep; readonly sentence: string }[]): Takeover {
  return {
    phase: 'failing-over',
    steps: steps.map(({ step, sentence }) => ({ step, sentence, state: 'waiting', outcome: null })),
    reason: null,
    cancelled: false,
  };
}

export function isUnderWay({ phase }: Takeover): boolean {
  return phase === 'failing-over' || phase === 'taking-back';
}

/** From here on nothing is taken back. */
export function isPastReturn({ steps }: Takeover): boolean {
  return steps.some(({ step, state }) => step === POINT_OF_NO_RETURN && state !== 'waiting');
}

/** Null: nothing is to be done; it is over, or a person is needed. */
export function nextAct({ phase, steps }: Takeover): Act | null {
  if (phase === 'failing-over') {
    const index = steps.findIndex(({ state }) => state === 'waiting' || state === 'doing');
    return actAt('do', steps, index);
  }
  if (phase !== 'taking-back') return null;
  const index = steps.findLastIndex(({ state }) => state === 'done' || state === 'failed' || state === 'undoing');
  return actAt('undo', steps, index);
}

function actAt(kind: Act['kind'], steps: readonly StepNote[], index: number): Act | null {
  const note = steps[index];
  if (note === undefined) return null;
  return { kind, step: note.step, index, again: note.state === 'doing' || note.state === 'undoing' };
}

/** The one gate. A string: the event makes no sense now, and this says why. */
export function moveTakeover(takeover: Takeover, event: TakeoverEvent): Takeover | string {
  switch (event.kind) {
    case 'begun':
    case 'ended':
    case 'failed':
      return acted(takeover, event);
    case 'go-on':
    case 'skip':
      return resumed(takeover, event.kind);
    case 'take-back':
      return takenBack(takeover);
  }
}

function acted(takeover: Takeover, event: TakeoverEvent & { readonly kind: 'begun' | 'ended' | 'failed' }): Takeover {
  const act = nextAct(takeover);
  assert(act !== null, 'only what is under way moves');
  if (event.kind === 'begun') return noted(takeover, act.index, { state: act.kind === 'do' ? 'doing' : 'undoing' });
  if (event.kind === 'failed') return failed(takeover, act, event.reason);
  const { outcome } = event;
  const state = act.kind === 'do' ? 'done' : 'undone';
  return settled(noted(takeover, act.index, act.kind === 'do' ? { state, outcome } : { state }));
}

/** Nothing more to do: it has come to its end. */
function settled(takeover: Takeover): Takeover {
  if (nextAct(takeover) !== null) return takeover;
  if (takeover.phase === 'failing-over') return { ...takeover, phase: 'failed-over', reason: null };
  return { ...takeover, phase: takeover.cancelled ? 'taken-back' : 'halted' };
}

function failed(takeover: Takeover, act: Act, reason: Reason): Takeover {
  const state = act.kind === 'do' ? 'failed' : 'undoing';
  const after = noted({ ...takeover, reason }, act.index, { state, outcome: reason.sentence });
  if (act.kind === 'undo' || isPastReturn(after)) return { ...after, phase: 'halted' };
  return settled({ ...after, phase: 'taking-back' });
}

function resumed(takeover: Takeover, kind: 'go-on' | 'skip'): Takeover | string {
  if (takeover.phase !== 'halted') return 'It is not halted: there is nothing to go on with.';
  if (!isPastReturn(takeover)) return 'What was done has been taken back: order the failover anew.';
  const index = takeover.steps.findIndex(({ state }) => state === 'failed');
  if (kind === 'skip' && takeover.steps[index]?.step === POINT_OF_NO_RETURN)
    return 'That the replica can be written cannot be taken for done.';
  const on = noted({ ...takeover, phase: 'failing-over', reason: null }, index, {
    state: kind === 'skip' ? 'skipped' : 'waiting',
  });
  return settled(on);
}

function takenBack(takeover: Takeover): Takeover | string {
  const { phase } = takeover;
  if (phase === 'failed-over') return 'The failover is complete: the way back is undo-failover, or failback.';
  if (phase === 'taken-back') return 'It has been taken back already.';
  if (isPastReturn(takeover))
    return 'The replica may have been written to since: nothing is taken back any more. Go on with `understudy failover`, or skip the step.';
  const steps = takeover.steps.map((note) => (note.state === 'doing' ? ({ ...note, state: 'failed' } as const) : note));
  return settled({ ...takeover, steps, phase: 'taking-back', cancelled: true });
}

function noted(takeover: Takeover, index: number, change: Partial<StepNote>): Takeover {
  return { ...takeover, steps: takeover.steps.map((note, at) => (at === index ? { ...note, ...change } : note)) };
}
