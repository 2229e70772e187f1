/** Why a job does not start, with the name that its status shows. */
import { InterceptorRefusal, type ProtectedRoot, type Reason } from '@understudy/engine';
import type { Interception } from './interception.ts';

/** A condition of the job itself: a person has to look, or what is missing has to come back. */
export class StartRefusal extends Error {
  override readonly name = 'StartRefusal';
  readonly reason: Reason;
  constructor(code: string, sentence: string) {
    super(sentence);
    this.reason = { code, sentence };
  }
}

/** A mount beneath the wanted directory is in the way. It may go away, or be taken away by whoever can pause its jobs. */
export class WaitingForMount extends InterceptorRefusal {
  readonly interception: Interception;
  /** Those that jobs are served by; none where only the last users of a stopped job are waited for. */
  readonly narrower: readonly ProtectedRoot[];
  constructor(sentence: string, interception: Interception, narrower: readonly ProtectedRoot[] = []) {
    super('overlaps', sentence);
    this.interception = interception;
    this.narrower = narrower;
  }
}
