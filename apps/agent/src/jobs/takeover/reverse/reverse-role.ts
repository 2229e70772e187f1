/** What a failover asks of the swapped roles. In: the replica as the failover knows it. Out: sentences for its plan and its steps. */

import type { ReverseRole } from '../ports.ts';
import { pathsOf } from '../replica-job.ts';
import { StepError } from '../steps/step.ts';
import type { SwappedRoles } from './swapped-roles.ts';

/** `roles`: they are made behind the failovers. */
export function reverseRole(roles: () => SwappedRoles): ReverseRole {
  return {
    sentence: ({ replicaPaths }) =>
      `What is changed in ${pathsOf(replicaPaths)} is intercepted and noted, so that the way home sends only what differs.`,
    begin: async ({ id, definition, sourceFingerprint, replicaPaths }, epoch) => {
      if (definition === null)
        throw new StepError('no-definition', 'The source has not handed over what the job is made of.');
      const peer = sourceFingerprint;
      const begun = await roles().begin({ jobId: id, epoch, definition, peer, replicaRoots: replicaPaths });
      return begun.sentence ?? `what is changed is intercepted (${begun.interceptor}) and noted`;
    },
    drop: ({ id }) => roles().drop(id),
  };
}
