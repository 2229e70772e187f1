/**
 * test-failover: a failover that is only tried. In: a job whose replica is kept here. Out: its services started on a writable copy of the
 * replica, in a server within this server, in the order of a failover; whether they served and how long that took. Promised: protection
 * goes on meanwhile; nothing of it is left afterwards, nor after a killed agent once that has been started again.
 */

import { brand, type RawName } from '@understudy/base';
import { ManagementError, type Service, type TestFailover, type TestFailoverStatus } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import { runCommand } from '../run-command.ts';
import { type CopiedReplica, type Copier, leavesOf, type MadeCopies, reflinkCopier, viewCopier } from './copies.ts';
import { type NamespaceOptions, TestNamespace } from './namespace.ts';
import { remove } from './reflink-copy.ts';
import { TestRecords } from './test-records.ts';
import { tryServices } from './try-services.ts';

/** One replica, as it is when it is asked for. */
export interface TestedReplica extends CopiedReplica {
  readonly jobId: string;
  readonly name: string;
  readonly services: readonly Service[];
  readonly addresses: readonly string[];
  /** Null: it can be tried; otherwise why not. */
  readonly whyNot: string | null;
}

type Severity = 'information' | 'warning' | 'error';

export interface TestParts {
  readonly home: string;
  /** All replicas' directories on this server: none of them is seen by a service under test. */
  readonly hidden: () => NamespaceOptions['hidden'];
  readonly event: (code: string, severity: Severity, sentence: string, job: string) => void;
  /** The first that can is taken. */
  readonly copiers?: readonly Copier[];
  readonly openNamespace?: (options: NamespaceOptions) => Promise<Pick<TestNamespace, 'enter' | 'close'>>;
}

interface Running {
  readonly abort: AbortController;
  readonly ended: Promise<TestFailover>;
}

export class TestFailovers {
  readonly #parts: TestParts;
  readonly #records: TestRecords;
  readonly #running = new Map<string, Running>();

  constructor(parts: TestParts) {
    this.#parts = parts;
    this.#records = new TestRecords(parts.home);
  }

  status(jobId: string): TestFailoverStatus {
    return { running: this.#running.has(jobId), ...this.#records.of(jobId) };
  }

  /** What a killed process left. Its services died with it. */
  async sweep(): Promise<void> {
    for (const { jobId, directories } of this.#records.left()) {
      await remove(directories);
      this.#records.swept(jobId);
    }
  }

  /** `by`: null for the schedule. The record says how it ended; rejects only where it could not begin. */
  async run(replica: TestedReplica, by: string | null): Promise<TestFailover> {
    if (this.#running.has(replica.jobId))
      throw new ManagementError('busy', `A test failover of ${replica.name} is under way already.`);
    const whyNot = replica.whyNot ?? whyNoServices(replica);
    if (whyNot !== null) throw new ManagementError('refused', whyNot);
    const abort = new AbortController();
    const ended = this.#try(replica, by, abort.signal);
    this.#running.set(replica.jobId, { abort, ended });
    try {
      return await ended;
    } finally {
      this.#running.delete(replica.jobId);
    }
  }

  /** The one under way is broken off; resolves when nothing of it is left. */
  async stop(jobId: string): Promise<void> {
    const running = this.#running.get(jobId);
    running?.abort.abort();
    await running?.ended.catch(() => undefined);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((jobId) => this.stop(jobId)));
  }

  /** Nothing of a job is kept whose replica is not kept here any more. */
  keepOnly(jobIds: ReadonlySet<string>): void {
    for (const jobId of this.#records.jobs())
      if (!jobIds.has(jobId) && !this.#running.has(jobId)) this.#records.forget(jobId);
  }

  async #try(replica: TestedReplica, by: string | null, signal: AbortSignal): Promise<TestFailover> {
    const startedAt = new Date().toISOString();
    const made = await this.#onCopies(replica, signal);
    const record = { ...made, startedAt, endedAt: new Date().toISOString(), by };
    this.#records.end(replica.jobId, record);
    const severity = record.ok ? 'information' : 'warning';
    this.#parts.event(record.ok ? 'test-failover' : 'test-failover-failed', severity, record.sentence, replica.name);
    return record;
  }

  async #onCopies(replica: TestedReplica, signal: AbortSignal) {
    let copies: MadeCopies | null = null;
    const leaves = leavesOf(replica.roots);
    try {
      const copier = await this.#copierFor(replica);
      this.#records.begin(replica.jobId, leaves);
      copies = await copier.make(replica, raw(this.#records.folderOf(replica.jobId, 'view')));
      return { ...outcomeOf(copies), ...(await this.#serve(replica, copies, signal)) };
    } catch (error) {
      const sentence = `The test failover of ${replica.name} did not succeed: ${messageOf(error)}.`.replace(
        /\.\.$/,
        '.',
      );
      return { ...outcomeOf(copies), ...FAILED, sentence: sentence.slice(0, 4096) };
    } finally {
      await copies?.end();
      await remove(leaves);
    }
  }

  /** Rejects with why each of them cannot. */
  async #copierFor(replica: TestedReplica): Promise<Copier> {
    const whys: string[] = [];
    for (const copier of this.#parts.copiers ?? [reflinkCopier, viewCopier]) {
      const why = await copier.whyNot(replica);
      if (why === null) return copier;
      whys.push(why);
    }
    throw new Error(`its replica cannot be copied in a moment: ${whys.join(', and ')}`);
  }

  async #serve({ jobId, name, services, addresses }: TestedReplica, { shown }: MadeCopies, signal: AbortSignal) {
    const open = this.#parts.openNamespace ?? ((options) => TestNamespace.open(options));
    const scratch = raw(this.#records.folderOf(jobId, 'scratch'));
    const namespace = await open({ scratch, copies: shown, addresses, hidden: [...this.#parts.hidden(), scratch] });
    try {
      const output = this.#records.outputOf(jobId);
      const env = { UNDERSTUDY_JOB: name, UNDERSTUDY_TEST: '1' };
      const served = await tryServices(services, signal, (command, limit) =>
        runCommand([...namespace.enter, ...command], { ...limit, env, output, signal }),
      );
      const seconds = (served.recoveryMs / 1000).toFixed(1);
      const sentence = `The test failover of ${name} succeeded: ${services.map((each) => each.name).join(', ')} served after ${seconds} s.`;
      return { ok: true, sentence, ...served };
    } finally {
      await namespace.close();
    }
  }
}

const raw = (path: string): RawName => brand<RawName>(Buffer.from(path).toString('latin1'));

const FAILED = { ok: false, recoveryMs: null, services: [] };

const outcomeOf = (copies: MadeCopies | null): Pick<TestFailover, 'position' | 'point' | 'copy' | 'heldMs'> => ({
  position: copies?.position ?? null,
  point: copies?.point ?? null,
  copy: copies?.copy ?? null,
  heldMs: copies?.heldMs ?? null,
});

function whyNoServices({ name, services }: TestedReplica): string | null {
  if (services.length === 0)
    return `${name} has no services that a failover would start, so that there is nothing to try: make it with --preset, or name them in its failover section.`;
  const only = services.find(({ start }) => start === undefined);
  if (only === undefined) return null;
  return `${only.name} is known by its unit alone, and no systemd runs where a failover is tried: give it commands (start, stop, check) beside the unit.`;
}
