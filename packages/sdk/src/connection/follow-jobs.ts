import { type FiguresAsked, type Heard, StatusBook } from '@understudy/wire';
import { SdkError } from '../errors.ts';
import type { Connection } from './connection.ts';

export interface FollowedJobs {
  /** Whose figures are told as they come, and how often those of the others; null: all as they come. */
  readonly retune: (figures: FiguresAsked | null) => Promise<void>;
  readonly end: () => Promise<void>;
}

/**
 * All jobs of an agent as they stand, and each change from then on. Costs the less the less changes: of a job that is known nothing but that
 * is sent, checked and changed in place. An agent whose changes come to no status loses the connection, as for any answer that is none.
 */
export async function followJobs(
  connection: Connection,
  listener: (heard: Heard) => void,
  figures: FiguresAsked | null = null,
): Promise<FollowedJobs> {
  const book = new StatusBook();
  const { change, end } = await connection.subscribe('job-changes', paramsOf(figures), (news) => {
    for (const one of news) {
      const heard = book.take(one);
      if (typeof heard === 'string')
        throw new SdkError(
          'invalid-answer',
          `${connection.serverName} told what is no status of ${one.name}: ${heard}`,
        );
      listener(heard);
    }
  });
  return { retune: (retuned) => change(paramsOf(retuned)), end };
}

const paramsOf = (figures: FiguresAsked | null): { figures?: FiguresAsked } => (figures === null ? {} : { figures });
