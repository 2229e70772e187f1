/**
 * FO3: a hand-over in agreement, at the job's witness. In: the server that writes and is about to stop, and the one that is to write. Out:
 * the first has let go of its epoch, and the second has begun the next one, each by a change of the record that names what it replaces.
 * Promise: where the witness does not confirm it, nothing is handed over.
 */
import type { EpochRecord } from '@understudy/engine';
import type { Identity } from '../../../identity/identity.ts';
import {
  bootMs,
  type OwnEpochs,
  openRegister,
  type Register,
  takeEpoch,
  type WitnessPlace,
} from '../../../witness/index.ts';
import { witnessOf } from '../../source/gate/lease-of.ts';
import { sentenceOf } from '../../source/sentence-of.ts';
import type { StoredJob } from '../../stored-job.ts';

export interface EpochWord {
  /** Of the server that hands over: nobody has to wait for it (`released`), or it writes on after all. Throws what the witness says. */
  release(stored: StoredJob, released: boolean): Promise<void>;
  /** Of the server that is to write: it has this epoch. Throws what the witness says; then it has not, and must not. */
  raise(stored: StoredJob, epoch: number): Promise<void>;
}

export interface EpochWordParts {
  readonly identity: Identity;
  readonly own: OwnEpochs;
}

/** The other server waits for the answer, and for no longer than ten seconds. */
const PATIENCE_MS = 5_000;
/** Somebody changed the record in between: it is looked at again. */
const TRIES = 5;

export function epochWord({ identity, own }: EpochWordParts): EpochWord {
  const holder = identity.fingerprint;
  return {
    release: async (stored, released) => {
      const witness = witnessOf(stored.reverse?.former ?? stored.definition);
      if (witness === null) return;
      await withRegister(witness, { stored, identity }, (register) =>
        release(register, { epoch: stored.epoch, holder, leaseMs: witness.leaseMs, released }),
      );
    },
    raise: async (stored, epoch) => {
      const witness = witnessOf(stored.definition);
      if (witness === null) return;
      const { leaseMs } = witness;
      const signal = AbortSignal.timeout(PATIENCE_MS);
      await withRegister(witness, { stored, identity }, async (register) => {
        const options = { register, epoch, holder, leaseMs, automatic: false, clock: bootMs, signal };
        const outcome = await takeEpoch(options);
        if (outcome.kind !== 'begun') throw taken(register, outcome.record);
        // Where the other's lease is not known to be over, the job's own lease waits for it.
        if (outcome.safeAtMs <= bootMs()) own.waited(stored.id, epoch);
      });
    },
  };
}

async function release(register: Register, wanted: EpochRecord): Promise<void> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const kept = await register.read();
    // Nobody has claimed anything: the other server will be the first.
    if (kept === null) return;
    const { record, revision } = kept;
    if (record.epoch > wanted.epoch || (record.epoch === wanted.epoch && record.holder !== wanted.holder))
      throw taken(register, record);
    if (record.holder !== wanted.holder || record.released === wanted.released) return;
    if ((await register.swap(revision, { ...record, released: wanted.released })).swapped) return;
  }
  throw new Error(`${register.name} has another record each time that it is asked`);
}

const taken = ({ name }: Register, { epoch }: EpochRecord): Error =>
  new Error(sentenceOf(`${name} says that another server has epoch ${epoch}`));

async function withRegister(
  witness: WitnessPlace,
  { stored, identity }: { readonly stored: StoredJob; readonly identity: Identity },
  work: (register: Register) => Promise<void>,
): Promise<void> {
  const parties = [identity.fingerprint, stored.definition.target.fingerprint];
  const register = openRegister(witness, { jobId: stored.id, identity, parties });
  try {
    await work(register);
  } finally {
    register.close();
  }
}
