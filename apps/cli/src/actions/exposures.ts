/** What a person who has started a job must know of it: what can change its files unseen. Said once it has been found out. */
import type { Connection } from '@understudy/sdk';
import type { JobStatus } from '@understudy/wire';
import { warningsOf } from '../screen/words.ts';
import { sentence } from '../text.ts';
import type { Session } from './session.ts';

/** A large folder takes longer; then the events and the status say it. */
const PATIENCE_MS = 3000;
const ASK_MS = 100;

/** Absent while the folders are being looked through; a job that does not run has nothing that could be. */
const isLooking = (status: JobStatus): boolean => status.exposures === undefined && status.interceptor === 'fuse';

export async function tellExposures(session: Session, connection: Connection, started: JobStatus): Promise<void> {
  let status = started;
  const end = Date.now() + PATIENCE_MS;
  while (isLooking(status) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, ASK_MS));
    status = await connection.call('job.status', { name: started.name });
  }
  for (const warning of warningsOf(status)) session.io.err(`warning: ${sentence(warning)}\n`);
  if (isLooking(status))
    session.note(
      `the folders are still being looked through for hard links from outside; what is found is told by understudy status ${started.name}`,
    );
}
