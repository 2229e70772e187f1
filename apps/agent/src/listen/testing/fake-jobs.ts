import { type JobStatus, ManagementError } from '@understudy/wire';
import type { JobControl } from '../job-control.ts';

export function statusOf(name: string): JobStatus {
  return {
    name,
    source: 'alpha',
    target: 'beta',
    state: 'protected',
    reason: null,
    targetDataState: 'ok',
    interceptor: 'memory',
    mirror: {
      state: 'idle',
      percent: 100,
      bytesRemaining: 0,
      bytesSkipped: 0,
      bytesSent: 0,
      filesDone: 0,
      filesTotal: 0,
    },
    replication: {
      state: 'ready',
      queuedOperations: 0,
      queuedBytes: 0,
      diskQueueBytes: 0,
      sentBytes: 0,
      sentCompressedBytes: 0,
      lastFileTouched: null,
    },
    recoveryPoint: { time: null, latencyMs: null, position: '0' },
    actions: [],
  };
}

/** A job runtime that knows the jobs it was given and does nothing; `say` changes a status. */
export class FakeJobs implements JobControl {
  readonly statuses = new Map<string, JobStatus>();
  readonly listeners = new Set<(name: string, status: JobStatus | null) => void>();
  /** What a flush waits for. */
  flushing: (signal: AbortSignal) => Promise<void> = async () => {};

  constructor(...names: string[]) {
    for (const name of names) this.statuses.set(name, statusOf(name));
  }

  say(name: string, status: JobStatus | null): void {
    for (const listener of this.listeners) listener(name, status);
  }

  #of(name: string): JobStatus {
    const status = this.statuses.get(name);
    if (status === undefined) throw new ManagementError('unknown-job', `there is no job ${name} on this server`);
    return status;
  }

  points: JobControl['points'] = async (name) => {
    throw new ManagementError('unknown-job', `no replica of ${name} is kept here`);
  };
  view: JobControl['view'] = async ({ name }) => this.points(name) as never;
  endView: JobControl['endView'] = async ({ name }) => void (await this.points(name));
  unsent: JobControl['unsent'] = async () => ({ unsent: null });
  failback: JobControl['failback'] = async (name) => this.#of(name);
  reverse: JobControl['reverse'] = async (name) => this.#of(name);
  undoFailover: JobControl['undoFailover'] = async () => ({ sentence: 'It is undone.', asideAt: [] });
  holdWrites: JobControl['holdWrites'] = async () => ({ position: '1', until: new Date(0).toISOString() });
  letWrite: JobControl['letWrite'] = async (asked) => this.status(asked.name);
  restorePlan: JobControl['restorePlan'] = async ({ name }) => {
    throw new ManagementError('unknown-job', `no replica of ${name} is kept here`);
  };
  restore: JobControl['restore'] = async (asked) => this.restorePlan(asked) as never;
  restoreStatus: JobControl['restoreStatus'] = async () => ({ restore: null });
  restoreCancel: JobControl['restoreCancel'] = async (name) => {
    throw new ManagementError('refused', `No restore of ${name} is under way on this server.`);
  };
  validate: JobControl['validate'] = async () => ({ problems: [] });
  create: JobControl['create'] = async ({ name }) => ({ status: statusOf(name), notes: [] });
  get: JobControl['get'] = async (name) => {
    throw new Error(`the definition of ${name} is not known here`);
  };
  edit: JobControl['edit'] = async ({ name, revision }) => ({ status: this.#of(name), revision, notes: [] });
  start: JobControl['start'] = async (name) => this.#of(name);
  stop: JobControl['stop'] = async (name) => this.#of(name);
  pause: JobControl['pause'] = async (name) => this.#of(name);
  resume: JobControl['resume'] = async (name) => this.#of(name);
  delete: JobControl['delete'] = async (name) => void this.#of(name);
  list: JobControl['list'] = async () => ({ jobs: [] });
  status: JobControl['status'] = async (name) => this.#of(name);
  mirror: JobControl['mirror'] = async ({ name }) => this.#of(name);
  mirrorChange: JobControl['mirrorChange'] = async ({ name }) => this.#of(name);
  brake: JobControl['brake'] = async ({ name }) => this.#of(name);
  failoverPlan: JobControl['failoverPlan'] = async ({ name }) => {
    throw new Error(`${name} has no failover to plan`);
  };
  failover: JobControl['failover'] = async ({ name }) => this.#of(name);
  testFailover: JobControl['testFailover'] = async (name) => {
    throw new Error(`${name} has no failover to try`);
  };
  failoverCancel: JobControl['failoverCancel'] = async (name) => this.#of(name);
  verifications: JobControl['verifications'] = async () => ({ reports: [] });
  verify: JobControl['verify'] = async () => {
    throw new Error('the verification has a bug');
  };
  flush: JobControl['flush'] = async (_, { signal }) => {
    await this.flushing(signal);
    return { position: '7' };
  };
  history: JobControl['history'] = async ({ name }) => {
    throw new Error(`nothing is kept of ${this.#of(name).name}`);
  };
  onStatus: JobControl['onStatus'] = (listener) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };
}
