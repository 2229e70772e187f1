/**
 * One copy of a replica that stands still, on its way. In: the copy as a job, the replica's directories. Out: progress, and once how it
 * ended. Promise: it has ended when everything is applied over there; one that begins anew sends nothing that is there already.
 */
import type { RawName } from '@understudy/base';
import { type Reason, type SourceFiles, stateOf } from '@understudy/engine';
import { ManagementError, type MirrorStatus } from '@understudy/wire';
import { Interception } from '../source/interception.ts';
import { jobRootOf } from '../source/job-roots.ts';
import { JobRunner } from '../source/job-runner.ts';
import { mirrorStatus } from '../source/job-status.ts';
import type { Running } from '../source/known-job.ts';
import { type JobSurroundings, prepareJob } from '../source/prepare-job.ts';
import { sentenceOf } from '../source/sentence-of.ts';
import type { StoredJob } from '../stored-job.ts';
import { drained, isEqual } from '../takeover/reverse/equal.ts';
import { StillRoots } from './still-roots.ts';

export type RestoreSurroundings = Pick<
  JobSurroundings,
  'homePath' | 'runnerOptions' | 'forgetQueue' | 'event' | 'fault'
>;

export interface RestoreRunParts {
  readonly stored: StoredJob;
  readonly surroundings: RestoreSurroundings;
  readonly openFiles: (directory: RawName) => SourceFiles;
  /** What is said of it stands under the job whose replica it is. */
  readonly jobName: string;
  /** Null: both are equal; otherwise why a person is needed. Once. */
  readonly ended: (why: Reason | null) => void;
}

const LOOK_MS = 250;

export class RestoreRun {
  readonly #parts: RestoreRunParts;
  readonly #running: Running;
  readonly #still: StillRoots;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  private constructor(parts: RestoreRunParts, still: StillRoots, running: Running) {
    this.#parts = parts;
    this.#still = still;
    this.#running = running;
    this.#lookLater();
  }

  /** Throws ManagementError, and what opening the replica's directories throws. */
  static async begin(parts: RestoreRunParts): Promise<RestoreRun> {
    const { stored, surroundings, openFiles } = parts;
    const prepared = prepareJob(stored.definition, surroundings);
    // What an earlier process had come to is found by comparing.
    surroundings.forgetQueue(stored.id);
    if (prepared.errors.length > 0) throw new ManagementError('refused', prepared.errors.map(sentenceOf).join(' '));
    const still = new StillRoots(openFiles);
    try {
      for (const { path } of prepared.directories) await still.protect(path);
      const roots = still.roots().map((root) => jobRootOf(root.path, root, true));
      const interception = new Interception(still);
      const runner = runnerOf(parts, { ...prepared, commanded: true }, interception, roots);
      interception.attach(runner, roots);
      return new RestoreRun(parts, still, { runner, interception, roots, why: null });
    } catch (error) {
      await still.close();
      throw error;
    }
  }

  get progress(): { readonly mirror: MirrorStatus; readonly reason: Reason | null } {
    const { runner } = this.#running;
    const facts = runner.facts();
    const reason = facts.targetTrouble ?? (facts.linked ? null : stateOf(facts).reason);
    return { mirror: mirrorStatus(runner, facts), reason };
  }

  /** Nothing more is sent. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { runner, interception } = this.#running;
    interception.detach(runner);
    runner.forget();
    runner.close();
    interception.close();
    await this.#still.close();
  }

  #lookLater(): void {
    if (this.#closed) return;
    this.#timer = setTimeout(() => {
      this.#look().catch((error: unknown) => this.#parts.surroundings.fault(error, this.#parts.jobName));
    }, LOOK_MS).unref();
  }

  async #look(): Promise<void> {
    const { runner } = this.#running;
    const facts = runner.facts();
    const why = runner.isHalted ? facts.halt : unreadable(facts);
    if (why !== null) this.#parts.ended(why);
    else if (isEqual(facts) && (await drained(this.#running)) !== null) this.#parts.ended(null);
    else this.#lookLater();
  }
}

/** Everything else is there, and this will not come by waiting. */
function unreadable(facts: ReturnType<JobRunner['facts']>): Reason | null {
  const { unrepairable, mirror, dirtyItems, linked, complete } = facts;
  if (unrepairable === 0 || mirror !== 'none' || dirtyItems > 0 || !linked || !complete) return null;
  const what = unrepairable === 1 ? 'One file' : `${unrepairable} files`;
  const sentence = `${what} of the replica could not be copied; the events name them and the cause. The rest is there.`;
  return { code: 'unrepairable', sentence };
}

function runnerOf(
  { stored, surroundings, jobName }: RestoreRunParts,
  prepared: Parameters<RestoreSurroundings['runnerOptions']>[2] & { readonly commanded: boolean },
  interception: Interception,
  roots: Running['roots'],
): JobRunner {
  const { interceptor } = interception;
  const event = (one: Parameters<JobSurroundings['event']>[0]) => surroundings.event(one, jobName);
  const runner: JobRunner = new JobRunner({
    ...surroundings.runnerOptions(stored, roots, prepared, interception.ring(event)),
    // SAFE2: an empty replica takes nothing away.
    emptied: 'ask',
    barrier: () => interceptor.barrier(),
    passed: (barrier) => interceptor.passed(barrier),
    held: null,
    ordered: true,
    orderedWhy: '',
    commanded: prepared.commanded,
    wake: () => interception.wake(),
    detach: () => interception.detach(runner),
    changed: () => {},
    event,
    fault: (error) => surroundings.fault(error, jobName),
  });
  return runner;
}
