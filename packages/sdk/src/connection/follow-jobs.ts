import { type JobStatus, StatusBook } from '@understudy/wire';
import { SdkError } from '../errors.ts';
import type { Connection } from './connection.ts';

/**
 * All jobs of an agent as they stand, and each change from then on; `status` null: the job was deleted. Costs the less the less changes. An
 * agent whose changes come to no status loses the connection, as for any answer that is none.
 */
export async function followJobs(
  connection: Connection,
  listener: (name: string, status: JobStatus | null) => void,
): Promise<() => Promise<void>> {
  const book = new StatusBook();
  return await connection.subscribe('job-changes', {}, (payload) => {
    const status = book.take(payload);
    if (typeof status === 'string')
      throw new SdkError(
        'invalid-answer',
        `${connection.serverName} told of ${payload.name} what is no status: ${status}`,
      );
    listener(payload.name, status);
  });
}
