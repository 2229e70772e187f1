import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { tellExposures } from './exposures.ts';
import { findJob } from './find.ts';
import { type GlobalOptions, withSession } from './session.ts';

export type JobChange = 'start' | 'stop' | 'pause' | 'resume';

/** Starting opens drivers and reaches the target; stopping waits for what is in flight. */
const CHANGE_TIMEOUT_MS = 120_000;

export interface ChangeOptions extends GlobalOptions {
  /** Of a start. */
  readonly adopt?: boolean | undefined;
  /** Of a start of a superseded source. */
  readonly asPrimary?: boolean | undefined;
}

export function changeJob(io: Io, change: JobChange, name: string, options: ChangeOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { adopt, asPrimary } = options;
    const asked = {
      name: job.status.name,
      ...(adopt === true ? { adopt } : {}),
      ...(asPrimary === true ? { asPrimary } : {}),
    };
    const status = await connection.call(`job.${change}`, asked, { timeoutMs: CHANGE_TIMEOUT_MS });
    const users = status.mountUsers ?? [];
    if (users.length > 0) session.note(`the folder stays mounted as pass-through until these end: ${users.join(', ')}`);
    io.out(`${statusLine(status, Date.now())}\n`);
    if (change === 'start') await tellExposures(session, connection, status);
    return ExitCode.done;
  });
}

export function deleteJob(io: Io, name: string, options: GlobalOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    await connection.call('job.delete', { name: job.status.name }, { timeoutMs: CHANGE_TIMEOUT_MS });
    io.out(`${job.status.name}: deleted; the source and the replica on ${job.status.target} stay as they are\n`);
    return ExitCode.done;
  });
}

export interface MirrorOptions extends GlobalOptions {
  readonly compare: 'everything' | 'attributes' | 'checksum';
  readonly blockSize?: number | undefined;
  /** Undefined: as the job's options say. */
  readonly calculate?: boolean | undefined;
  readonly orphans?: 'report' | 'move' | 'delete' | undefined;
  /** Milliseconds. */
  readonly orphansOlderThan?: number | undefined;
}

export function mirrorJob(io: Io, name: string, options: MirrorOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { compare, blockSize, calculate, orphans, orphansOlderThan } = options;
    const status = await connection.call('job.mirror', {
      name: job.status.name,
      compare,
      ...(blockSize === undefined ? {} : { blockSize }),
      ...(calculate === undefined ? {} : { calculate }),
      ...(orphans === undefined ? {} : { orphans }),
      ...(orphansOlderThan === undefined ? {} : { orphansOlderThanMs: orphansOlderThan }),
    });
    io.out(`${statusLine(status, Date.now())}\n`);
    if (io.isTerminal) session.note(`the mirror has begun; follow it with: understudy status ${name} --watch`);
    return ExitCode.done;
  });
}

export function changeMirror(
  io: Io,
  name: string,
  change: 'pause' | 'resume' | 'stop',
  options: GlobalOptions,
): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const status = await connection.call('job.mirrorChange', { name: job.status.name, change });
    io.out(`${statusLine(status, Date.now())}\n`);
    return ExitCode.done;
  });
}

export interface FlushOptions extends GlobalOptions {
  readonly timeout: number;
}

/** What the agent may take beyond its own time limit to say so. */
const GRACE_MS = 10_000;

export function flushJob(io: Io, name: string, options: FlushOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const { connection, job } = await findJob(session, name);
    const { position } = await connection.call(
      'job.flush',
      { name: job.status.name, timeoutMs: options.timeout },
      { timeoutMs: options.timeout + GRACE_MS },
    );
    io.out(`${position}\n`);
    return ExitCode.done;
  });
}
