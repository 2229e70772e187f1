/**
 * A former source that is the primary again. In: word from the server that had taken the job over, with a new epoch. Out: the job runs here
 * again, and the answer. Promise: where the job has a witness the epoch is ours there,
 * and it is on disk, before the answer; the same word twice does no harm.
 */
import type { Hello, Refuse } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { Job } from '../../source/known-job.ts';
import type { RoleDoor } from './door.ts';
import type { EpochWord } from './epoch-word.ts';

export interface ComeBackParts {
  readonly door: RoleDoor;
  /** The replica that this server keeps for the job is one no more: nothing more is applied, and others may write. */
  readonly letGo: (jobId: string) => void;
  /** The job is home: what it serves is to be started. */
  readonly home?: (job: Job) => void;
  /** FO3: where the job has a witness. */
  readonly epochs?: Pick<EpochWord, 'raise'> | undefined;
}

/** The witness did not give the epoch: nothing was done. */
class NotGiven extends Error {}

export async function comeBack(hello: Hello, peer: string, parts: ComeBackParts): Promise<Refuse | null> {
  const { door } = parts;
  const job = door.find(hello.jobId);
  if (job === null)
    return { code: 'unknown-job', sentence: `This server does not know the job ${hello.jobName} any more.` };
  const { epoch, definition } = job.stored;
  if (definition.target.fingerprint !== peer)
    return { code: 'not-trusted', sentence: `The job ${definition.name} of this server has another target.` };
  // Its answer was lost: it has been done.
  if (hello.epoch === epoch && job.stored.started) return null;
  if (hello.epoch <= epoch)
    return { code: 'superseded', sentence: `This server knows epoch ${epoch} of ${definition.name} already.` };
  try {
    await door.exclusively(job, async () => {
      await raised(job, hello, parts);
      await (hello.intent === 'undo' ? undone(job, hello, parts) : handedBack(job, hello, parts));
    });
    parts.home?.(job);
    return null;
  } catch (error) {
    const code = error instanceof NotGiven ? 'gives-way' : 'failed';
    return { code, sentence: messageOf(error).slice(0, 1024) };
  }
}

/** Before anything is written down here: who hands over may then go on. */
async function raised({ stored }: Job, { epoch }: Hello, { epochs }: ComeBackParts): Promise<void> {
  try {
    await epochs?.raise(stored, epoch);
  } catch (error) {
    throw new NotGiven(`The witness has not given epoch ${epoch}: ${messageOf(error)}`);
  }
}

/** Nothing has been changed elsewhere: a stream that has not been lost goes on. */
async function undone(job: Job, { epoch, commanded }: Hello, { door, letGo }: ComeBackParts): Promise<void> {
  const { running } = job;
  // What was given up elsewhere is found by comparing.
  const goesOn = running !== null && !running.runner.isHalted && commanded !== true;
  door.save(job, { epoch, started: true, gaveWay: undefined, superseded: undefined, cutover: undefined, serve: true });
  door.holdWrites(job, false);
  door.unsent(job).write(null);
  door.event(
    job,
    'failover-undone',
    'information',
    `The failover was undone: this server is the primary again, in epoch ${epoch}.`,
  );
  if (goesOn) running.runner.raiseEpoch(job.stored);
  else startSoon(job, { door, letGo }, () => job.running?.runner.job.startMirror('checksum', { orphans: 'move' }));
}

/** What lies here is what lies there: names and attributes tell what has changed since, and what is written from now on is noted. */
async function handedBack(job: Job, { epoch }: Hello, { door, letGo }: ComeBackParts): Promise<void> {
  door.save(job, { epoch, started: true, gaveWay: undefined, superseded: undefined, cutover: undefined, serve: true });
  door.holdWrites(job, false);
  door.event(
    job,
    'handed-back',
    'information',
    `The job is back: this server is its primary again, in epoch ${epoch}.`,
  );
  job.handedBack = true;
  startSoon(job, { door, letGo }, () => job.running?.runner.job.startMirror('attributes'));
}

/**
 * The answer does not wait for the mount, and comes before the replica's job ends, whose source would ask why. What fails is tried again by
 * itself, and then everything is compared.
 */
function startSoon(job: Job, { door, letGo }: ComeBackParts, started: () => void): void {
  setImmediate(() => {
    door
      .exclusively(job, () => {
        letGo(job.stored.id);
        return door.start(job);
      })
      .then(started)
      .catch((error: unknown) => door.fault(error, job));
  });
}
