/** The calls of agents for whose jobs this one is the witness. */
import { ManagementError } from '@understudy/wire';
import type { WitnessStore } from '../witness/witness-store.ts';
import type { Caller, CallHandlers } from './dispatch.ts';

type WitnessCalls = { [N in keyof CallHandlers as N extends `witness.${string}` ? N : never]: CallHandlers[N] };

export function witnessHandlers(store: WitnessStore): WitnessCalls {
  return {
    'witness.read': async (params, caller) => store.read(params, fingerprintOf(caller)),
    'witness.swap': async (params, caller) => store.swap(params, fingerprintOf(caller)),
  };
}

function fingerprintOf({ fingerprint }: Caller): string {
  if (fingerprint !== null) return fingerprint;
  throw new ManagementError('forbidden', 'Only a paired agent asks a witness.');
}
