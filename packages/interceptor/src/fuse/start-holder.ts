/**
 * How the holder is started. In: its binary, its directory, its settings. Out: null once it answers, else why it does not.
 * Promised: where systemd runs this agent as a service, holder and fsid get a unit and a control group of their own, so that whatever
 * ends the agent leaves them, and systemd keeps their descriptors, so that both may die at once; elsewhere they get a session.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Ran, runNative } from './native.ts';

export interface HolderStart {
  readonly binary: string;
  readonly directory: string;
  /** Bytes of the ring, `dirty` or `block`, and the ring's generation. */
  readonly settings: readonly string[];
  /** What starts a unit (systemd-run, or something like it); null: nothing does; left out: looked for. */
  readonly unitStarter?: string | null;
}

export interface HolderStarted {
  readonly ran: Ran;
  /** Why the holder has no unit of its own though there is a service manager; null: it has, or there is none. */
  readonly withoutUnit: string | null;
}

const UNIT_TIMEOUT_MS = 90_000;
/** Three descriptors a directory, and the files that are open without a name. */
const MOST_DESCRIPTORS = 16_384;

/** Only where systemd started this very process: one that a person runs in a terminal leaves no unit behind. */
export function findUnitStarter(environment: NodeJS.ProcessEnv = process.env): string | null {
  if (environment.INVOCATION_ID === undefined || !existsSync('/run/systemd/system')) return null;
  return ['/usr/bin/systemd-run', '/bin/systemd-run'].find((path) => existsSync(path)) ?? null;
}

/** One a directory: two agents on one machine have two. */
export function unitName(directory: string): string {
  return `understudy-fsi-${createHash('sha256').update(directory).digest('hex').slice(0, 12)}`;
}

export function unitArguments({ binary, directory, settings }: HolderStart): string[] {
  const properties = [
    `Description=Understudy file-system interface of ${directory}`,
    'Type=notify',
    // The holder may be replaced by one that fsid has started: the unit lives as long as anything in it does.
    'NotifyAccess=all',
    'ExitType=cgroup',
    'Restart=on-failure',
    'RestartSec=10ms',
    `FileDescriptorStoreMax=${MOST_DESCRIPTORS}`,
    'OOMScoreAdjust=-1000',
    'OOMPolicy=continue',
    'LimitNOFILE=1048576',
    'LimitMEMLOCK=infinity',
    'TasksMax=infinity',
    // At shutdown the applications write to the end: this is killed last, with what no unit claims.
    'DefaultDependencies=no',
  ];
  return [
    '--quiet',
    '--collect',
    `--unit=${unitName(directory)}`,
    ...properties.map((property) => `--property=${property}`),
    '--',
    binary,
    'hold-service',
    directory,
    ...settings,
  ];
}

export async function startHolder(start: HolderStart): Promise<HolderStarted> {
  const starter = start.unitStarter === undefined ? findUnitStarter() : start.unitStarter;
  if (starter !== null) {
    const ran = await run(starter, unitArguments(start));
    if (ran.code === 0) return { ran, withoutUnit: null };
    return { ran: await hold(start), withoutUnit: ran.output || `exit ${ran.code}` };
  }
  return { ran: await hold(start), withoutUnit: null };
}

function hold({ binary, directory, settings }: HolderStart): Promise<Ran> {
  return runNative(binary, ['hold', directory, ...settings]);
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  const options = { timeout: UNIT_TIMEOUT_MS, encoding: 'latin1', cwd: '/', env: { PATH: process.env.PATH } } as const;
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, output: `${stdout}${stderr}`.trim() });
    });
  });
}
