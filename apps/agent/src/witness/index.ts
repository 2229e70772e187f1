/**
 * witness: who may write, where the servers themselves cannot know (FO3). In: what a job's definition says of its witness, this agent's
 * identity. Out: registers at etcd or at a third agent, the source's lease, the taker's way to an epoch of its own.
 * Promised: no answer of a witness is believed unchecked; what a witness did not confirm did not happen; a lease is counted from the
 * sending of what was confirmed, and a taker waits for longer than any lease that it could not see end.
 */
import type { Identity } from '../identity/identity.ts';
import { AgentRegister } from './agent-register.ts';
import { EtcdRegister } from './etcd-register.ts';
import type { Register } from './register.ts';

export { type BootClock, bootMs } from './boot-clock.ts';
export { type LeaseNews, LeaseWatches, type LeaseWatchParts, type LookedAt } from './lease-watches.ts';
export { OwnEpochs } from './own-epochs.ts';
export { type Register, WitnessError } from './register.ts';
export { SourceLease, type SourceLeaseParts } from './source-lease.ts';
export { type TakeOptions, takeEpoch, waitUntil } from './take-epoch.ts';

/** As `definition.failover.witness` says, as far as there is something to ask. */
export type WitnessPlace =
  | {
      readonly kind: 'etcd';
      readonly endpoints: readonly string[];
      readonly user?: string | undefined;
      readonly passwordFile?: string | undefined;
      readonly caFile?: string | undefined;
      readonly leaseMs: number;
    }
  | {
      readonly kind: 'agent';
      readonly server: { readonly name: string; readonly address: string; readonly fingerprint: string };
      readonly leaseMs: number;
    };

export interface RegisterOptions {
  readonly jobId: string;
  readonly identity: Identity;
  /** Of both servers of the job. */
  readonly parties: readonly string[];
}

/** A request is given up in time for another one within the lease. */
const TRIES_A_LEASE = 3;

export function openRegister(place: WitnessPlace, { jobId, identity, parties }: RegisterOptions): Register {
  const timeoutMs = Math.max(200, Math.floor(place.leaseMs / TRIES_A_LEASE));
  if (place.kind === 'etcd') return new EtcdRegister(place, jobId, timeoutMs);
  return new AgentRegister({ server: place.server, identity, parties }, jobId, timeoutMs);
}
