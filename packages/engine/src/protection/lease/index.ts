/**
 * protection/lease: who may write, and until when (FO3). In: what a witness says, and when it was asked. Out: deadlines, and what to ask
 * next. Promised: pure; the agent and the simulation decide by the same machines.
 */
export { EpochTaker, type EpochTakerOptions, type TakerOutcome } from './epoch-taker.ts';
export { HeldLease, type LeaseTerms, leaseTerms, ObservedLease } from './lease.ts';
export { LeaseHolder, type LeaseHolderOptions } from './lease-holder.ts';
export {
  type Claimant,
  type EpochRecord,
  judgeClaim,
  type Kept,
  type WitnessAnswer,
  type WitnessAsk,
} from './register.ts';
