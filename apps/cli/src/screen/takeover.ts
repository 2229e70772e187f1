/** A failover as a person reads it: the plan, its steps, the monitor. In: what the target tells. Out: text. Pure. */
import { formatBytes } from '@understudy/base';
import type { FailoverStatus, JobStatus, TakeoverPlan, TakeoverStepStatus, TestFailoverStatus } from '@understudy/wire';
import { counted, duration } from '../text.ts';

const MARKS: Readonly<Record<TakeoverStepStatus['state'], string>> = {
  waiting: ' ',
  doing: '▶',
  done: '✔',
  skipped: '–',
  failed: '✖',
  undoing: '◀',
  undone: '↺',
};

export function stepLine({ step, state, sentence, outcome }: TakeoverStepStatus): string {
  return `${MARKS[state]} ${step}: ${outcome ?? sentence}`;
}

export function planText(
  { steps, obstacles, queue, reaches, notes }: TakeoverPlan,
  { name, source, target }: JobStatus,
): string {
  const lines = [`Failover of ${name}: ${target} takes over from ${source}.`];
  for (const [index, { step, sentence, pointOfNoReturn }] of steps.entries())
    lines.push(
      `${String(index + 1).padStart(3)}. ${step}${pointOfNoReturn ? ' (point of no return)' : ''}: ${sentence}`,
    );
  lines.push(`Waiting at the target: ${counted(queue.operations, 'operation')}, ${formatBytes(queue.bytes)}.`);
  if (reaches !== null) lines.push(`The data reaches to ${reaches}.`);
  for (const note of notes) lines.push(`Note: ${note}`);
  for (const { sentence, risk } of obstacles)
    lines.push(`In the way: ${sentence}${risk === null ? '' : ` (--risk ${risk})`}`);
  return `${lines.join('\n')}\n`;
}

/** The lines of a status that tell of it; none where there is nothing to tell. */
export function failoverWords({
  automatic,
  monitor,
  takeover,
  test,
}: FailoverStatus): { label: string; text: string }[] {
  const found: { label: string; text: string }[] = [];
  if (monitor !== null) {
    const how = automatic ? 'fails over by itself' : 'a person decides';
    const left =
      monitor.light === 'red'
        ? 'the source has failed'
        : `${duration(monitor.msLeft)} of ${duration(monitor.timeToFailMs)} to fail`;
    found.push({ label: 'monitor', text: `${monitor.light} · ${left} · ${how}` });
    for (const { address, light, sentence } of monitor.addresses)
      found.push({ label: '', text: `${address} ${light}: ${sentence}` });
  }
  if (takeover !== null) {
    found.push({
      label: 'failover',
      text: `${takeover.phase} · by ${takeover.by} at ${takeover.startedAt} · epoch ${takeover.epoch}`,
    });
    for (const step of takeover.steps) found.push({ label: '', text: stepLine(step) });
    if (takeover.advice !== '') found.push({ label: 'advice', text: takeover.advice });
  }
  if (test !== undefined) found.push(...testWords(test));
  return found;
}

function testWords({ running, last, proven }: TestFailoverStatus): { label: string; text: string }[] {
  const found: { label: string; text: string }[] = [];
  if (running) found.push({ label: 'test failover', text: 'under way' });
  if (last !== null && !last.ok) found.push({ label: 'test failover', text: `${last.startedAt} · ${last.sentence}` });
  if (proven !== null) {
    const at = `position ${proven.position ?? '?'}`;
    found.push({
      label: 'last proven',
      text: `${proven.startedAt} · ${at} · served after ${duration(proven.recoveryMs ?? 0)}`,
    });
  }
  return found;
}
