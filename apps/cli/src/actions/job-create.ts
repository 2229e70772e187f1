import { type Connection, introduce, type KnownServer, rawPathFromText, SdkError } from '@understudy/sdk';
import {
  type BrakeOptions,
  type FoundPreset,
  failoverSchema,
  type JobStatus,
  jobDefinitionSchema,
  NO_FAILOVER_OPTIONS,
  parseAddress,
} from '@understudy/wire';
import type { z } from 'zod';
import { CommandError, ExitCode, usageError } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { statusLine } from '../screen/words.ts';
import { sentence } from '../text.ts';
import { tellExposures } from './exposures.ts';
import { type FailoverFlags, failoverOf } from './failover-file.ts';
import { usePreset } from './presets.ts';
import { type GlobalOptions, type Session, withSession } from './session.ts';
import { type SyncOptions, synchronousOf } from './synchronous.ts';
import { type TransmissionOptions, transmissionOf } from './transmission.ts';

export interface JobCreateOptions extends GlobalOptions, TransmissionOptions, SyncOptions {
  /** As the rules were given; absent: includes first. */
  readonly ruleOrder?: readonly ('include' | 'exclude')[] | undefined;
  readonly source: string;
  readonly target: string;
  readonly include: readonly string[];
  /** Of an application: its rules come before those that are given. */
  readonly preset?: string | undefined;
  readonly exclude?: readonly string[] | undefined;
  readonly to?: string | undefined;
  readonly intercept: 'auto' | 'fuse' | 'watch';
  readonly start?: boolean | undefined;
  readonly orphans?: 'report' | 'move' | 'delete' | undefined;
  /** Milliseconds. */
  readonly orphansOlderThan?: number | undefined;
  readonly blockSize?: number | undefined;
  readonly calculate?: boolean | undefined;
  readonly verifyAt?: string | undefined;
  readonly verifyRepair?: boolean | undefined;
  readonly targetWrites?: 'refuse' | 'allow' | undefined;
  readonly devices?: 'refuse' | 'allow' | undefined;
  readonly setuid?: 'refuse' | 'allow' | undefined;
  readonly brake?: BrakeOptions | 'off' | undefined;
  readonly adopt?: boolean | undefined;
  readonly failoverFlags?: FailoverFlags | undefined;
}

/** What the definition says of mirrors and verifications; only what was given. */
function mirroring(options: JobCreateOptions): Pick<Definition, 'mirror' | 'verifySchedule'> {
  const { orphans, orphansOlderThan, blockSize, calculate, verifyAt, verifyRepair } = options;
  const mirror = {
    ...(orphans === undefined ? {} : { orphans }),
    ...(orphansOlderThan === undefined ? {} : { orphansOlderThanMs: orphansOlderThan }),
    ...(blockSize === undefined ? {} : { blockSize }),
    ...(calculate === false ? { calculate } : {}),
  };
  return {
    ...(Object.keys(mirror).length === 0 ? {} : { mirror }),
    ...(verifyAt === undefined ? {} : { verifySchedule: { cron: verifyAt, repair: verifyRepair === true } }),
  };
}

/** Directories are looked at, the target is asked, drivers are opened. */
const CREATE_TIMEOUT_MS = 120_000;

type Definition = z.input<typeof jobDefinitionSchema>;

/** The agent of the source owns the definition: it checks it, is introduced to the target, and keeps it. */
export function createJob(io: Io, name: string, options: JobCreateOptions): Promise<ExitCode> {
  return withSession(io, options, async (session) => {
    const source = await session.profile.server(options.source);
    const target = await session.profile.server(options.target);
    // What is wrong by itself is said before any server is asked.
    if (options.preset === undefined) define(name, { source, target }, options);
    const [atSource, atTarget] = await Promise.all([session.connect(source), session.connect(target)]);
    const preset =
      options.preset === undefined
        ? null
        : await usePreset(session, options.preset, { atSource, atTarget, to: toOf(options) });
    const definition = define(name, { source, target }, options, preset);
    await makeKnown(session, { source, target, atSource, atTarget });
    const told = await validate(session, atSource, definition);
    const { status, notes } = await atSource.call(
      'job.create',
      { ...definition, ...adopting(options) },
      { timeoutMs: CREATE_TIMEOUT_MS },
    );
    for (const note of notes) if (!told.has(note)) session.note(note);
    if (options.start === true) {
      const started = await start(atSource, name);
      io.out(`${statusLine(started, Date.now())}\n`);
      await tellExposures(session, atSource, started);
    } else {
      io.out(`${statusLine(status, Date.now())}\n`);
      session.note(`it is not started; run: understudy job start ${name}`);
    }
    return ExitCode.done;
  });
}

const adopting = ({ adopt }: JobCreateOptions) => (adopt === true ? { adopt } : {});

/** A step of its own: where it fails the person must know that the job is there all the same. */
async function start(atSource: Connection, name: string): Promise<JobStatus> {
  try {
    return await atSource.call('job.start', { name }, { timeoutMs: CREATE_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    const sentence = `the job ${name} was created and could not be started; when that is mended run: understudy job start ${name}\n${error.message}`;
    throw new SdkError(error.code, sentence, error.agentCode === null ? {} : { agentCode: error.agentCode });
  }
}

const toOf = ({ to }: JobCreateOptions) => (to === undefined ? null : rawPathFromText(to));

function define(
  name: string,
  { source, target }: Pick<Pair, 'source' | 'target'>,
  options: JobCreateOptions,
  preset: FoundPreset | null = null,
): Definition {
  const failover = failoverWith(options.failoverFlags ?? {}, preset);
  const definition: Definition = {
    name,
    sourceName: source.name,
    target: { name: target.name, address: target.address, fingerprint: target.fingerprint },
    ...rulesOf(options, preset),
    to: toOf(options),
    intercept: options.intercept,
    ...transmissionOf(options),
    ...synchronousOf(options),
    ...mirroring(options),
    ...(options.targetWrites === undefined ? {} : { targetWrites: options.targetWrites }),
    ...(options.devices === undefined ? {} : { devices: options.devices }),
    ...(options.setuid === undefined ? {} : { setuid: options.setuid }),
    ...(options.brake === undefined ? {} : { brake: options.brake === 'off' ? null : options.brake }),
    ...(failover == null ? {} : { failover }),
  };
  const parsed = jobDefinitionSchema.safeParse(definition);
  if (parsed.success) return definition;
  const issue = parsed.error.issues[0];
  const field = String(issue?.path[0] ?? 'it');
  const value = field === 'name' ? name : field;
  throw usageError(`"${value}" will not do for a job: ${issue?.message ?? 'it is wrong'}`);
}

/** A preset's services stand where none are given. */
function failoverWith(flags: FailoverFlags, preset: FoundPreset | null): ReturnType<typeof failoverOf> {
  const given = failoverOf(flags);
  if (preset === null || given === null) return given;
  const section = given ?? NO_FAILOVER_OPTIONS;
  return section.services.length > 0 ? section : failoverSchema.parse({ ...section, services: preset.services });
}

/** A preset's come first, so that a given include can take back in what the preset leaves out. */
function rulesOf(
  options: JobCreateOptions,
  preset: FoundPreset | null,
): Pick<Definition, 'include' | 'exclude' | 'ruleOrder'> {
  const { include, exclude = [], ruleOrder = [] } = options;
  const given =
    ruleOrder.length > 0
      ? ruleOrder
      : [...include.map(() => 'include' as const), ...exclude.map(() => 'exclude' as const)];
  const order = [
    ...(preset?.include ?? []).map(() => 'include' as const),
    ...(preset?.exclude ?? []).map(() => 'exclude' as const),
    ...given,
  ];
  return {
    include: [...(preset?.include ?? []), ...include.map(rawPathFromText)],
    exclude: [...(preset?.exclude ?? []), ...exclude.map(rawPathFromText)],
    ...(isUsual(order) ? {} : { ruleOrder: order }),
  };
}

/** Includes first needs no telling. */
function isUsual(order: JobCreateOptions['ruleOrder']): boolean {
  return order === undefined || order.lastIndexOf('include') < order.indexOf('exclude') || !order.includes('exclude');
}

interface Pair {
  readonly source: KnownServer;
  readonly target: KnownServer;
  readonly atSource: Connection;
  readonly atTarget: Connection;
}

/** Each of the two trusts the other from now on. */
export async function makeKnown(session: Session, { source, target, atSource, atTarget }: Pair): Promise<void> {
  if (source.fingerprint === target.fingerprint) return;
  if (isLoopback(target) && !isLoopback(source))
    session.note(
      `${target.name} is known here as ${target.address}, which means another machine when ${source.name} uses it; pair ${target.name} by an address that ${source.name} can reach`,
    );
  try {
    await introduce(atSource, atTarget, target);
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    const what = `${source.name} and ${target.name} could not be made known to each other: ${error.message}`;
    throw new SdkError(error.code, what, error.agentCode === null ? {} : { agentCode: error.agentCode });
  }
}

function isLoopback(server: KnownServer): boolean {
  const host = parseAddress(server.address)?.host ?? '';
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Says everything that was found; ends the command where the job could not start. */
async function validate(session: Session, atSource: Connection, definition: Definition): Promise<ReadonlySet<string>> {
  const { problems } = await atSource.call('job.validate', definition, { timeoutMs: CREATE_TIMEOUT_MS });
  for (const problem of problems) session.io.err(`${problem.severity}: ${sentence(problem.sentence)}\n`);
  const errors = problems.filter((problem) => problem.severity === 'error').length;
  if (errors > 0)
    throw new CommandError(
      ExitCode.agent,
      `the job was not created: ${errors === 1 ? 'it' : 'each of them'} must be mended first`,
    );
  return new Set(problems.map((problem) => problem.sentence));
}
