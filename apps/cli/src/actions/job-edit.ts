import { rawPathFromText } from '@understudy/sdk';
import {
  type BrakeOptions,
  type JobChanges,
  type JobDefinition,
  jobChangesSchema,
  mirrorOptionsSchema,
  type VerifySchedule,
} from '@understudy/wire';
import { ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { type FailoverFlags, failoverOf } from './failover-file.ts';
import { findJob } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';
import { type SyncOptions, synchronousOf } from './synchronous.ts';
import { type TransmissionOptions, transmissionOf } from './transmission.ts';

export interface JobEditOptions extends GlobalOptions, TransmissionOptions, SyncOptions {
  readonly include?: readonly string[] | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly intercept?: 'auto' | 'fuse' | 'watch' | undefined;
  readonly ruleOrder?: JobChanges['ruleOrder'];
  readonly orphans?: 'report' | 'move' | 'delete' | undefined;
  /** Milliseconds. */
  readonly orphansOlderThan?: number | undefined;
  readonly blockSize?: number | undefined;
  readonly calculate?: boolean | undefined;
  /** `none` takes the schedule away. */
  readonly verifyAt?: string | undefined;
  readonly verifyRepair?: boolean | undefined;
  readonly targetWrites?: 'refuse' | 'allow' | undefined;
  readonly devices?: 'refuse' | 'allow' | undefined;
  readonly setuid?: 'refuse' | 'allow' | undefined;
  readonly brake?: BrakeOptions | 'off' | undefined;
  readonly failoverFlags?: FailoverFlags | undefined;
}

/** What is given, beside what the job has of the same. */
function mirroring(options: JobEditOptions, { mirror, verifySchedule }: JobDefinition): JobChanges {
  const { orphans, orphansOlderThan, blockSize, calculate } = options;
  const given = {
    ...(orphans === undefined ? {} : { orphans }),
    ...(orphansOlderThan === undefined ? {} : { orphansOlderThanMs: orphansOlderThan }),
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(calculate === undefined ? {} : { calculate }),
  };
  const schedule = scheduleOf(options, verifySchedule ?? null);
  return {
    ...(Object.keys(given).length === 0 ? {} : { mirror: mirrorOptionsSchema.parse({ ...mirror, ...given }) }),
    ...(schedule === undefined ? {} : { verifySchedule: schedule }),
  };
}

/** Undefined: it stays as it is; null: there is none. */
function scheduleOf(
  { verifyAt, verifyRepair }: JobEditOptions,
  before: VerifySchedule | null,
): VerifySchedule | null | undefined {
  if (verifyAt === undefined && verifyRepair === undefined) return undefined;
  if (verifyAt === 'none' && verifyRepair === undefined) return null;
  const cron = verifyAt ?? before?.cron;
  if (cron === undefined || cron === 'none')
    throw usageError('--verify-repair says what a scheduled verification does; give its times with --verify-at');
  return { cron, repair: verifyRepair ?? before?.repair ?? false };
}

const EDIT_TIMEOUT_MS = 120_000;

/** Made from the job as it is now: an edit by somebody else in between is not written over, but heard of. */
export function editJob(io: Io, name: string, options: JobEditOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { revision, definition } = await connection.call('job.get', { name: job.status.name });
    const { include, exclude, intercept, ruleOrder, targetWrites, devices, setuid } = options;
    const failover = failoverOf(options.failoverFlags ?? {}, definition.failover);
    const rules = include !== undefined || exclude !== undefined;
    const changes: JobChanges = {
      ...(include === undefined ? {} : { include: include.map(rawPathFromText) }),
      ...(exclude === undefined ? {} : { exclude: exclude.map(rawPathFromText) }),
      // An order holds for the rules it was given with.
      ...(rules ? { ruleOrder: include !== undefined && exclude !== undefined ? (ruleOrder ?? null) : null } : {}),
      ...(intercept === undefined ? {} : { intercept }),
      ...(targetWrites === undefined ? {} : { targetWrites }),
      ...(devices === undefined ? {} : { devices }),
      ...(setuid === undefined ? {} : { setuid }),
      ...(options.brake === undefined ? {} : { brake: options.brake === 'off' ? null : options.brake }),
      ...(failover === undefined ? {} : { failover }),
      ...mirroring(options, definition),
      ...transmissionOf(options, definition.transmit),
      ...synchronousOf(options, definition),
    };
    if (Object.keys(changes).length === 0)
      throw usageError('nothing to change was given; name at least one option, such as --bandwidth 10Mbit');
    const parsed = jobChangesSchema.safeParse(changes);
    if (!parsed.success) throw usageError(`the job would not make sense so: ${parsed.error.issues[0]?.message ?? ''}`);
    const edited = await connection.call(
      'job.edit',
      { name: job.status.name, revision, changes },
      { timeoutMs: EDIT_TIMEOUT_MS },
    );
    for (const note of edited.notes) session.note(note);
    io.out(`${statusLine(edited.status, Date.now())}\n`);
    return ExitCode.done;
  });
}
