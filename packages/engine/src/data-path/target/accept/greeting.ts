/**
 * What a source's first message comes to: does its stream go on here, does a new one begin, or is it sent away? Only decided here.
 */
import { type Hello, type Position, position, type Refuse } from '@understudy/wire';

export interface KnownStream {
  /** null: none yet. */
  readonly streamId: string | null;
  readonly epoch: number;
  readonly applied: Position;
  /** Held here, applied or not. */
  readonly received: Position;
  /** Up to here operations may have been applied before the last stop. */
  readonly replayTo: Position;
}

export type Greeting =
  | { readonly kind: 'resume'; readonly why: string }
  /** Positions begin behind `applied`. */
  | { readonly kind: 'restart'; readonly applied: Position; readonly why: string }
  | { readonly kind: 'refuse'; readonly refuse: Refuse };

export function decideGreeting(hello: Hello, known: KnownStream): Greeting {
  if (hello.epoch < known.epoch) {
    const sentence = `this source speaks for epoch ${hello.epoch}, and epoch ${known.epoch} has been seen: another server has taken over; stop the job here or fail back`;
    return { kind: 'refuse', refuse: { code: 'superseded', sentence, epoch: known.epoch } };
  }
  if (hello.next < 1 || hello.oldest > hello.next) {
    const sentence = `positions ${hello.oldest} to ${hello.next} are no range`;
    return { kind: 'refuse', refuse: { code: 'protocol', sentence } };
  }
  const why = whyNotResumed(hello, known);
  if (why === null) return { kind: 'resume', why: `it goes on behind position ${known.received}` };
  return { kind: 'restart', applied: position(hello.next - 1), why };
}

function whyNotResumed(hello: Hello, known: KnownStream): string | null {
  if (known.streamId === null) return 'this is the first time that the source is heard of';
  if (known.streamId !== hello.streamId)
    return "the source's queue was lost: its positions do not continue what came before";
  if (known.received + 1 < hello.oldest)
    return `operations ${known.received + 1} to ${hello.oldest - 1} are no longer held by the source`;
  // It numbers anew what the target has not: where the replay would end cannot be told any more.
  if (hello.fresh === true && known.replayTo > known.received)
    return 'the target lost power and the source was restarted before all that had begun was applied again';
  const held = Math.max(known.applied, known.received);
  if (held >= hello.next) return `the target has position ${held}, which the source does not know`;
  return null;
}
