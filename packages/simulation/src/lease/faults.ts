/**
 * What could be wrong with a lease, put in on purpose: the checker has to notice each.
 * from-answer: the deadline counts from the answer to a renewal. no-second-check: nothing is asked before a call is answered. no-margin: the
 * taker waits no longer than the lease. wall-clock: deadlines are on the clock that people set. open-at-boot: calls pass before the first
 * confirmation. no-wait: the taker writes as soon as the record is its own. no-compare: the witness takes whatever it is given.
 */
export const FAULTS = [
  'from-answer',
  'no-second-check',
  'no-margin',
  'wall-clock',
  'open-at-boot',
  'no-wait',
  'no-compare',
] as const;
export type Fault = (typeof FAULTS)[number];
