import { hostname } from 'node:os';
import { formatBytes, parseByteSize } from '@understudy/base';
import { parseAddress, serverNameSchema } from '@understudy/wire';
import { z } from 'zod';

/** One setting of agent.yaml: `key` is its path there (`queue.memory` is `memory:` beneath `queue:`). */
export interface SettingDefinition<T> {
  /** What it does, for the file and the manual. */
  readonly doc: string;
  readonly unit: string;
  /** As it would be written in the file. */
  readonly written: string;
  readonly schema: z.ZodType<T>;
}

function size(written: string, least: number, most: number, doc: string): SettingDefinition<number> {
  const range = `a size between ${formatBytes(least)} and ${formatBytes(most)}, such as ${written}`;
  const schema = z.union([z.number(), z.string()], { error: range }).transform((value, context) => {
    const bytes = typeof value === 'number' ? value : parseByteSize(value);
    if (bytes !== null && Number.isInteger(bytes) && bytes >= least && bytes <= most) return bytes;
    context.addIssue({ code: 'custom', message: range });
    return z.NEVER;
  });
  return { doc, unit: 'bytes (KiB, MiB, GiB)', written, schema };
}

/** Bytes; a share of a file system comes out as a number up to 1. */
function sizeOrShare(written: string, doc: string): SettingDefinition<number> {
  const range = `a size from 1 MiB up, such as 20 GiB, or a share of the file system, such as ${written}`;
  const schema = z.union([z.number(), z.string()], { error: range }).transform((value, context) => {
    const share = typeof value === 'string' ? /^\s*(\d+(?:\.\d+)?)\s*%\s*$/.exec(value) : null;
    const percent = Number(share?.[1] ?? Number.NaN);
    if (percent > 0 && percent <= 100) return percent / 100;
    const bytes = typeof value === 'number' ? value : parseByteSize(value);
    if (bytes !== null && Number.isInteger(bytes) && bytes >= MIB) return bytes;
    context.addIssue({ code: 'custom', message: range });
    return z.NEVER;
  });
  return { doc, unit: 'bytes (KiB, MiB, GiB) or %', written, schema };
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function duration(written: string, leastMs: number, mostMs: number, doc: string): SettingDefinition<number> {
  const range = `a time between ${leastMs} ms and ${mostMs} ms with its unit, such as ${written}`;
  const schema = z.string({ error: range }).transform((value, context) => {
    const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|m|h)\s*$/.exec(value);
    const ms = match === null ? Number.NaN : Number(match[1]) * (UNITS[match[2] ?? ''] ?? Number.NaN);
    if (ms >= leastMs && ms <= mostMs) return ms;
    context.addIssue({ code: 'custom', message: range });
    return z.NEVER;
  });
  return { doc, unit: 'ms, s, m, h', written, schema };
}

function count(written: number, least: number, most: number, doc: string): SettingDefinition<number> {
  const error = `a whole number between ${least} and ${most}`;
  return {
    doc,
    unit: 'count',
    written: String(written),
    schema: z.int({ error }).min(least, { error }).max(most, { error }),
  };
}

function choice<const T extends string>(written: T, options: readonly T[], doc: string): SettingDefinition<T> {
  const schema = z.enum(options as [T, ...T[]], { error: `one of ${options.join(', ')}` }) as z.ZodType<T>;
  return { doc, unit: options.join(' | '), written, schema };
}

const FOLDERS = 'a list of absolute folders, such as [/srv/replicas]';

/** Normal paths; `..` could mean another than it seems to. */
function folders(doc: string): SettingDefinition<readonly string[]> {
  const path = z
    .string({ error: FOLDERS })
    .refine((value) => value.startsWith('/') && !value.split('/').includes('..') && !value.includes('\0'), {
      error: FOLDERS,
    });
  return { doc, unit: FOLDERS, written: '[]', schema: z.array(path, { error: FOLDERS }) };
}

/** What others see before someone gives it a name: the machine's own, as far as a server name may hold it. */
function defaultName(): string {
  const short = hostname().split('.')[0] ?? '';
  const name = short.replace(/[^A-Za-z0-9._-]/g, '-').replace(/^[^A-Za-z0-9]+/, '');
  return name.slice(0, 64) || 'server';
}

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const ADDRESS = 'HOST:PORT, such as 0.0.0.0:7320 or [::]:7320';

/** Every setting there is; the file knows no other key. */
export const settingDefinitions = {
  name: {
    doc: 'What this server is called where it is shown. Default: the name of the machine.',
    unit: 'letters, digits, dots, dashes, underscores; at most 64',
    written: defaultName(),
    schema: z
      .string({ error: 'a name in letters, digits, dots, dashes and underscores' })
      .refine((value) => serverNameSchema.safeParse(value).success, {
        error: 'a name in letters, digits, dots, dashes and underscores, at most 64 of them',
      }),
  },
  listen: {
    doc: 'Where the agent listens: management and replication, TLS, on one port.',
    unit: 'HOST:PORT',
    written: '0.0.0.0:7320',
    schema: z.string({ error: ADDRESS }).refine((value) => parseAddress(value) !== null, { error: ADDRESS }),
  },
  'queue.memory': size(
    '128 MiB',
    MIB,
    64 * GIB,
    'Memory of a job for operations that wait for a busy line: the oldest. What does not fit goes to disk.',
  ),
  'queue.folder': {
    doc: 'Where the queues of jobs lie on disk, a folder for each job. Default: queue in the home of the agent.',
    unit: 'absolute path',
    written: '""',
    schema: z
      .string({ error: 'an absolute path, or nothing for the home of the agent' })
      .refine((value) => value === '' || value.startsWith('/'), {
        error: 'an absolute path, or nothing for the home of the agent',
      }),
  },
  'queue.disk': sizeOrShare(
    '10 %',
    'What the queue of one job may take on disk: a size, or a share of the file system. Beyond it, what changed is noted and repaired from the source afterwards.',
  ),
  'queue.minimum-free': size(
    '1 GiB',
    0,
    1024 * GIB,
    'Stays free on the file system of the queues, whatever their limit.',
  ),
  'queue.alert': count(50, 1, 100, 'An event tells when a queue takes this many per cent of its limit on disk.'),
  'journal.memory': size(
    '64 MiB',
    MIB,
    64 * GIB,
    'Memory of a job on its target for operations that have come and wait to be applied. What does not fit stays on disk.',
  ),
  'journal.folder': {
    doc: 'Where a target keeps what it has received and not applied, a folder for each job. Default: replicas in the home of the agent.',
    unit: 'absolute path',
    written: '""',
    schema: z
      .string({ error: 'an absolute path, or nothing for the home of the agent' })
      .refine((value) => value === '' || value.startsWith('/'), {
        error: 'an absolute path, or nothing for the home of the agent',
      }),
  },
  'journal.disk': sizeOrShare(
    '10 %',
    'What one job may take on disk of its target: a size, or a share of the file system. Beyond it the source waits.',
  ),
  'journal.minimum-free': size(
    '1 GiB',
    0,
    1024 * GIB,
    'Stays free on the file system of the journal, whatever its limit.',
  ),
  'journal.alert': count(50, 1, 100, 'An event tells when a journal takes this many per cent of its limit on disk.'),
  'replicas.allow': folders(
    'Where replicas of other servers may lie here, also beneath. Empty: anywhere but in the home of the agent and in what belongs to the system.',
  ),
  'replicas.devices': choice('allow', ['allow', 'refuse'], 'Whether replicas may hold device nodes.'),
  'replicas.setuid': choice(
    'allow',
    ['allow', 'refuse'],
    'Whether files of replicas may have setuid, setgid or capabilities.',
  ),
  'keep-aside.disk': size(
    '4 GiB',
    MIB,
    1024 * GIB,
    'Old content of overwritten files that a target keeps beside the replica of one job, for the time of its brake. Files that were removed or left the set are not counted: they stay until their time is over, or the file system is full.',
  ),
  'undo.age': duration(
    '24h',
    0,
    8_760 * 3_600_000,
    'How far back a target can take the replica of a job, and show it; so long it keeps what was deleted or left the set. 0s: no longer than its brake needs.',
  ),
  'undo.size': sizeOrShare(
    '10 %',
    'What a target keeps for that, of one job, beside its replica: a size, or a share of the file system. Beyond it, and before that file system is full, the oldest moments go first.',
  ),
  'ring.size': size('64 MiB', MIB, 4 * GIB, 'The ring in shared memory between the interceptor and the agent.'),
  'source.hold-at-start': duration(
    '5s',
    0,
    600_000,
    'What is protected anew when the agent starts by itself, as after a boot, takes no writes before the target was heard: another server may have taken over. After this time they go on without it. 0s: they do not wait.',
  ),
  'audit.interval': duration(
    '5s',
    100,
    600_000,
    'How often a cookie goes the way of a write, from each protected directory to the target.',
  ),
  'audit.limit': duration(
    '30s',
    500,
    3_600_000,
    'A cookie that takes longer is missing: the job is degraded and names the hop. At least three times the interval.',
  ),
  'replication.ping': duration(
    '2s',
    50,
    60_000,
    'How often each end of a replication link lets the other hear from it.',
  ),
  'replication.dead': duration(
    '10s',
    200,
    600_000,
    'A replication link over which nothing at all came for so long is given up.',
  ),
  'replication.window': size(
    '16 MiB',
    64 * 1024,
    GIB,
    'Bytes on their way to a target that it has not acknowledged yet.',
  ),
  'limits.strangers': count(64, 4, 4096, 'Connections at once that have not shown a trusted certificate.'),
  'limits.handshake': duration(
    '10s',
    100,
    120_000,
    'A connection that has not finished its handshake and request by then is closed.',
  ),
  'log.level': choice(
    'info',
    ['error', 'warn', 'info', 'debug', 'trace'],
    'How much goes into the technical log, logs/agent.N.log.',
  ),
  'log.size': size('10 MiB', 64 * 1024, GIB, 'A log file of this size is closed and a new one begun.'),
  'log.files': count(5, 1, 100, 'Closed log files that are kept.'),
  'events.size': size(
    '16 MiB',
    256 * 1024,
    GIB,
    'Space of the event log, logs/events.jsonl and its older parts, in all.',
  ),
} as const satisfies Record<string, SettingDefinition<unknown>>;

export type SettingKey = keyof typeof settingDefinitions;
export type Settings = { readonly [K in SettingKey]: z.output<(typeof settingDefinitions)[K]['schema']> };

/** What does not go together, and the setting that says so; null: all does. */
export function faultBetween(settings: Settings): { readonly key: SettingKey; readonly sentence: string } | null {
  const least = 3 * settings['audit.interval'];
  if (settings['audit.limit'] >= least) return null;
  const sentence = `\`audit.limit\` is ${settings['audit.limit'] / 1000} s; right would be at least three times \`audit.interval\`, that is ${least / 1000} s`;
  return { key: 'audit.limit', sentence };
}

export function isSettingKey(key: string): key is SettingKey {
  return Object.hasOwn(settingDefinitions, key);
}

export const settingKeys = Object.keys(settingDefinitions) as SettingKey[];

export function defaultSettings(): Settings {
  const settings: Record<string, unknown> = {};
  for (const key of settingKeys)
    settings[key] = settingDefinitions[key].schema.parse(plain(settingDefinitions[key].written));
  return settings as unknown as Settings;
}

/** A written value as YAML would read it. */
export function plain(written: string): string | number | readonly string[] {
  if (written === '""') return '';
  if (written === '[]') return [];
  return /^\d+$/.test(written) ? Number(written) : written;
}

/** The file that is made at the first start: every setting explained, none of them set. */
export function defaultFile(): string {
  const lines = [
    '# Understudy agent. Every setting is shown with its default; remove the # before a line to change it.',
    '# After a change restart the agent. A key it does not know keeps it from starting.',
  ];
  let group = '';
  for (const key of settingKeys) {
    const definition = settingDefinitions[key];
    const [first = '', second] = key.split('.');
    if (second !== undefined && first !== group) lines.push('', `# ${first}:`);
    if (second === undefined) lines.push('');
    group = second === undefined ? '' : first;
    const indent = second === undefined ? '' : '  ';
    lines.push(
      `# ${indent}# ${definition.doc} (${definition.unit})`,
      `# ${indent}${second ?? first}: ${definition.written}`,
    );
  }
  return `${lines.join('\n')}\n`;
}
