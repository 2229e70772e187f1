/** Joins test failovers to the agent around them. In: its replicas, its failovers. Out: tests by name and by schedule. */
import { ManagementError, type TestFailover } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import type { AgentBase } from '../../../listen/index.ts';
import { raw } from '../../target/replica-record.ts';
import type { KeptReplica, TargetJobs } from '../../target/target-jobs.ts';
import { replicaJob } from '../replica-job.ts';
import type { Takeovers } from '../takeovers.ts';
import type { TestFailovers, TestParts } from './test-failover.ts';
import { TestSchedules } from './test-schedules.ts';
import { testedReplica } from './tested-replica.ts';

export function testParts({ home, events }: Pick<AgentBase, 'home' | 'events'>, targets: TargetJobs): TestParts {
  return {
    home: home.path,
    hidden: () => targets.kept().flatMap(({ stored }) => stored.roots.map(({ path }) => raw(path))),
    event: (code, severity, sentence, job) => events.raise({ code, severity, sentence, job }),
  };
}

export interface JobTestParts {
  readonly base: Pick<AgentBase, 'name' | 'logger' | 'events'>;
  readonly targets: TargetJobs;
  readonly takeovers: Pick<Takeovers, 'isTaken'>;
  readonly tests: Pick<TestFailovers, 'run' | 'sweep' | 'keepOnly'>;
}

export class JobTests {
  readonly #parts: JobTestParts;
  readonly #schedules: TestSchedules;

  constructor(parts: JobTestParts) {
    this.#parts = parts;
    this.#schedules = new TestSchedules(
      () => this.#scheduled(),
      (jobId) => this.#byItself(jobId),
    );
  }

  /** What a killed agent left goes first. */
  async start(): Promise<void> {
    await this.#parts.tests.sweep();
    this.#schedules.start();
  }

  close(): void {
    this.#schedules.close();
  }

  async run(name: string, by: string): Promise<TestFailover> {
    const kept = this.#parts.targets.kept().find(({ stored }) => stored.jobName === name);
    if (kept !== undefined) return await this.#run(kept, by);
    throw new ManagementError('unknown-job', `This server keeps no replica of a job named ${name}.`);
  }

  async #run(kept: KeptReplica, by: string | null): Promise<TestFailover> {
    const { base, targets, takeovers, tests } = this.#parts;
    const replica = testedReplica(kept, {
      agentName: base.name,
      open: (jobId) => targets.open(jobId),
      isTaken: (jobId) => takeovers.isTaken(jobId),
    });
    return await tests.run(replica, by);
  }

  #scheduled() {
    const { base, targets, takeovers, tests } = this.#parts;
    const all = targets.kept();
    // What they came to goes with the job; this is where jobs are looked at again and again.
    tests.keepOnly(new Set(all.map(({ stored }) => stored.jobId)));
    return all.flatMap((kept) => {
      const { id, failover } = replicaJob(kept, base.name);
      const cron = failover.test?.cron;
      const rests = kept.stored.rests === true || takeovers.isTaken(id);
      return cron === undefined || rests ? [] : [{ jobId: id, cron }];
    });
  }

  /** What could not even begin is said as well: a test that is not made proves nothing. */
  async #byItself(jobId: string): Promise<void> {
    const { base, targets } = this.#parts;
    const kept = targets.kept().find(({ stored }) => stored.jobId === jobId);
    if (kept === undefined) return;
    try {
      await this.#run(kept, null);
    } catch (error) {
      const job = kept.stored.jobName;
      if (!(error instanceof ManagementError)) base.logger.error({ err: error, job }, 'a fault of the agent itself');
      const sentence = `The scheduled test failover was not made: ${messageOf(error)}`;
      base.events.raise({ code: 'test-failover-failed', severity: 'warning', sentence, job });
    }
  }
}
