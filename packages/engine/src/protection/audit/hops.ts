/** The hops of a cookie, in order, and what is said where one of them does not let it through. */
import type { Reason } from '../job-state.ts';

/**
 * written: the call on the protected directory has come back. intercepted: its record came out of the ring. sent: its mark left the send
 * queue. received, applied: as the target acknowledges them.
 */
export const HOPS = ['written', 'intercepted', 'sent', 'received', 'applied'] as const;
export type Hop = (typeof HOPS)[number];

/** A cookie is missing: at this hop. */
export interface Missing {
  readonly hop: Hop;
  readonly reason: Reason;
}

const seconds = (ms: number): string => {
  const whole = Math.max(1, Math.round(ms / 1000));
  return whole === 1 ? '1 second' : `${whole} seconds`;
};

const GAP =
  'Changes there may pass unseen: they count as a gap, and as soon as cookies come again the directory is compared and what differs is sent.';

export function notWritten(path: string, what: string, ms: number): Missing {
  return missing(
    'written',
    `For ${seconds(ms)} no cookie could be written through ${path} (${what}). ${GAP} ` +
      'Look whether something is mounted over the directory (`findmnt`), and whether the interceptor’s process fsid stands still.',
  );
}

export function notIntercepted(path: string, ms: number): Missing {
  return missing(
    'intercepted',
    `A cookie was written through ${path}, and for ${seconds(ms)} none has come out of the interceptor. ${GAP} ` +
      'Look at the events of the interceptor; stopping the agent and starting it again attaches it anew.',
  );
}

export interface Backlog {
  readonly operations: number;
  readonly bytes: number;
}

export function notSent(ms: number, { operations, bytes }: Backlog): Missing {
  return missing(
    'sent',
    `For ${seconds(ms)} a cookie has been waiting in the send queue, with ${operations} operations (${bytes} bytes) before it or behind it: ` +
      'the replica is behind, and nothing is lost. Look at the line, its bandwidth limit and the target’s load.',
  );
}

export function notReceived(ms: number): Missing {
  return missing(
    'received',
    `For ${seconds(ms)} the target has not acknowledged a cookie that was sent to it as received: what is sent does not arrive, or the target’s ` +
      'journal does not keep it. Look at the target’s events and at the disk that holds its journal; what is not acknowledged is sent again.',
  );
}

export function notApplied(ms: number): Missing {
  return missing(
    'applied',
    `For ${seconds(ms)} the target has had a cookie in its journal and not applied it: the replica is behind, and nothing is lost. ` +
      'Look at the target’s events, its load and the disk that holds the replica.',
  );
}

export function noneCame(ms: number): Missing {
  return missing(
    'intercepted',
    `For ${seconds(ms)} no cookie of the self-audit has come. Look at the technical log of the source’s agent, and start the agent again.`,
  );
}

function missing(hop: Hop, sentence: string): Missing {
  return { hop, reason: { code: `audit-not-${hop}`, sentence } };
}
