import type { CallArguments, CallResult, JobStatus } from '@understudy/wire';

type StartOptions = Omit<CallArguments<'job.start'>, 'name'>;

/** Selects a job and says when the caller has gone: a wait for it may then end. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Name of the paired client, for events; `local` over the agent's own socket. */
  readonly caller: string;
}

/**
 * What management asks of the job runtime. Arguments are checked already; what cannot be done is said by throwing ManagementError.
 * A rejected promise of another kind is a bug: the caller hears `failed`, the log has the rest.
 */
export interface JobControl {
  validate(definition: CallArguments<'job.validate'>, context: CallContext): Promise<CallResult<'job.validate'>>;
  create(definition: CallArguments<'job.create'>, context: CallContext): Promise<CallResult<'job.create'>>;
  get(name: string): Promise<CallResult<'job.get'>>;
  edit(asked: CallArguments<'job.edit'>, context: CallContext): Promise<CallResult<'job.edit'>>;
  start(name: string, context: CallContext, options?: StartOptions): Promise<JobStatus>;
  stop(name: string, context: CallContext): Promise<JobStatus>;
  pause(name: string, context: CallContext): Promise<JobStatus>;
  resume(name: string, context: CallContext): Promise<JobStatus>;
  delete(name: string, context: CallContext): Promise<void>;
  list(): Promise<CallResult<'job.list'>>;
  status(name: string): Promise<JobStatus>;
  mirror(arguments_: CallArguments<'job.mirror'>, context: CallContext): Promise<JobStatus>;
  mirrorChange(arguments_: CallArguments<'job.mirrorChange'>, context: CallContext): Promise<JobStatus>;
  brake(arguments_: CallArguments<'job.brake'>, context: CallContext): Promise<JobStatus>;
  failoverPlan(arguments_: CallArguments<'job.failoverPlan'>): Promise<CallResult<'job.failoverPlan'>>;
  failover(arguments_: CallArguments<'job.failover'>, context: CallContext): Promise<JobStatus>;
  testFailover(name: string, context: CallContext): Promise<CallResult<'job.testFailover'>>;
  failoverCancel(name: string, context: CallContext): Promise<JobStatus>;
  verifications(arguments_: CallArguments<'job.verifications'>): Promise<CallResult<'job.verifications'>>;
  verify(arguments_: CallArguments<'job.verify'>, context: CallContext): Promise<CallResult<'job.verify'>>;
  points(name: string): Promise<CallResult<'job.points'>>;
  view(arguments_: CallArguments<'job.view'>): Promise<CallResult<'job.view'>>;
  endView(arguments_: CallArguments<'job.endView'>): Promise<void>;
  flush(arguments_: CallArguments<'job.flush'>, context: CallContext): Promise<CallResult<'job.flush'>>;
  unsent(name: string): Promise<CallResult<'job.unsent'>>;
  failback(name: string): Promise<JobStatus>;
  reverse(name: string): Promise<JobStatus>;
  undoFailover(arguments_: CallArguments<'job.undoFailover'>): Promise<CallResult<'job.undoFailover'>>;
  holdWrites(arguments_: CallArguments<'job.holdWrites'>): Promise<CallResult<'job.holdWrites'>>;
  letWrite(arguments_: CallArguments<'job.letWrite'>): Promise<JobStatus>;
  restorePlan(arguments_: CallArguments<'job.restorePlan'>): Promise<CallResult<'job.restorePlan'>>;
  restore(arguments_: CallArguments<'job.restore'>, context: CallContext): Promise<CallResult<'job.restore'>>;
  restoreStatus(name: string): Promise<CallResult<'job.restoreStatus'>>;
  restoreCancel(name: string, context: CallContext): Promise<CallResult<'job.restoreCancel'>>;
  history(arguments_: CallArguments<'job.history'>): Promise<CallResult<'job.history'>>;
  /**
   * Each change of any job's status, at most a few times a second per job; null: it was deleted. Returns what ends it.
   * The listener does not throw and returns at once.
   */
  onStatus(listener: (name: string, status: JobStatus | null) => void): () => void;
}
