/** From a job's definition to its witness: the register, this server's name there, and the clock. */

import type { JobDefinition } from '@understudy/wire';
import type { Identity } from '../../../identity/identity.ts';
import { bootMs, type OwnEpochs, openRegister, type WitnessPlace } from '../../../witness/index.ts';
import type { StoredJob } from '../../stored-job.ts';
import type { LeaseOf } from './job-lease.ts';

/** Null: there is none that could be asked; a fence is not asked. */
export function witnessOf(definition: JobDefinition): WitnessPlace | null {
  const witness = definition.failover?.witness;
  return witness === undefined || witness.kind === 'fence' ? null : witness;
}

export function leaseOf(
  { identity, own }: { readonly identity: Identity; readonly own: OwnEpochs },
  { id, definition, epoch, confirmedEpoch }: StoredJob,
): ReturnType<LeaseOf> {
  const witness = witnessOf(definition);
  if (witness === null) return null;
  const holder = identity.fingerprint;
  const register = openRegister(witness, { jobId: id, identity, parties: [holder, definition.target.fingerprint] });
  const known = confirmedEpoch === epoch || own.has(id, epoch);
  return { register, holder, leaseMs: witness.leaseMs, clock: bootMs, known };
}
