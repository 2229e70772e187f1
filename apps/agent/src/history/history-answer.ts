/**
 * What is answered to a question for a history. In: the question, now, the slots of a ring. Out: stretches of equal length without a gap
 * between them, in which what is not known is null. Promised: never more than were asked for, and none that is finer than what is kept. Pure.
 */
import { type CallArguments, type JobHistory, ManagementError } from '@understudy/wire';
import { type Ring, rings } from './history-store.ts';
import { greater, type Slot } from './ring-format.ts';

type Answer = Omit<JobHistory, 'role'>;
const [FINE, COARSE] = rings;
const DAY_MS = FINE.stepMs * FINE.count;

interface Stretches {
  readonly ring: Ring;
  readonly fromMs: number;
  readonly stepMs: number;
  readonly count: number;
}

export function historyOf(asked: CallArguments<'job.history'>, nowMs: number, read: (ring: Ring) => Slot[]): Answer {
  const stretches = stretchesOf(asked, nowMs);
  const { ring, fromMs, stepMs, count } = stretches;
  const sums = Array.from({ length: count }, emptySum);
  for (const slot of read(ring)) {
    const atMs = slot.stretch * ring.stepMs;
    // What a clock that went wrong has left is not of this time.
    const isKept = atMs > nowMs - ring.stepMs * ring.count && atMs <= nowMs;
    const sum = isKept ? sums[Math.floor((atMs - fromMs) / stepMs)] : undefined;
    if (sum !== undefined) addTo(sum, slot);
  }
  return {
    from: new Date(fromMs).toISOString(),
    resolutionMs: stepMs,
    throughput: sums.map(({ wire, wires }) => (wires === 0 ? null : Math.round(wire / wires))),
    queueBytes: sums.map(({ queue }) => known(queue)),
    queueDiskBytes: sums.map(({ disk }) => known(disk)),
    targetQueueBytes: sums.map(({ waiting }) => known(waiting)),
    recoveryPointAgeMs: sums.map(({ age }) => known(age)),
  };
}

function stretchesOf(asked: CallArguments<'job.history'>, nowMs: number): Stretches {
  const toMs = Math.min(nowMs, asked.to === undefined ? nowMs : Date.parse(asked.to));
  const wished = asked.from === undefined ? toMs - DAY_MS : Date.parse(asked.from);
  const wanted = asked.resolutionMs ?? 0;
  // A moment of grace: who asks for the last day has asked before it was answered.
  const ring = wished >= nowMs - DAY_MS - FINE.stepMs && wanted < COARSE.stepMs ? FINE : COARSE;
  const fromMs = Math.max(wished, nowMs - ring.stepMs * ring.count);
  if (fromMs >= toMs)
    throw new ManagementError('invalid', 'The stretch that is asked for ends before it begins, or lies too far back.');
  const least = Math.max(ring.stepMs, wanted, (toMs - fromMs) / asked.limit);
  let stepMs = Math.ceil(least / ring.stepMs) * ring.stepMs;
  let span = spanOf(fromMs, toMs, stepMs);
  // Stretches begin at multiples of their length, and that may take one more than fits.
  while (span.count > asked.limit) {
    stepMs += ring.stepMs;
    span = spanOf(fromMs, toMs, stepMs);
  }
  return { ring, stepMs, ...span };
}

function spanOf(fromMs: number, toMs: number, stepMs: number): { fromMs: number; count: number } {
  const first = Math.floor(fromMs / stepMs);
  return { fromMs: first * stepMs, count: Math.max(1, Math.ceil(toMs / stepMs) - first) };
}

interface Sum {
  wire: number;
  wires: number;
  queue: number;
  disk: number;
  waiting: number;
  age: number;
}

const emptySum = (): Sum => ({
  wire: 0,
  wires: 0,
  queue: Number.NaN,
  disk: Number.NaN,
  waiting: Number.NaN,
  age: Number.NaN,
});

function addTo(sum: Sum, slot: Slot): void {
  if (slot.wires > 0 && !Number.isNaN(slot.wire)) {
    sum.wire += slot.wire * slot.wires;
    sum.wires += slot.wires;
  }
  sum.queue = greater(sum.queue, slot.queue);
  sum.disk = greater(sum.disk, slot.disk);
  sum.waiting = greater(sum.waiting, slot.waiting);
  sum.age = greater(sum.age, slot.age);
}

const known = (value: number): number | null => (Number.isNaN(value) ? null : Math.round(value));
