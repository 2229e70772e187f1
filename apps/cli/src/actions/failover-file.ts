/**
 * The failover section of a job as a person writes it, in YAML or by flags. In: a file, flags, what the job has. Out: the section, checked,
 * or a usage error that says where it is wrong. Times and sizes may be written as the command line has them: `timeout: 30s`, `size: 10G`.
 */
import { readFileSync } from 'node:fs';
import { parseByteSize } from '@understudy/base';
import { type FailoverOptions, failoverSchema } from '@understudy/wire';
import { parse } from 'yaml';
import { usageError } from '../exit-code.ts';
import { parseAge, parseDuration } from '../values.ts';

export interface FailoverFlags {
  readonly failoverFile?: string | undefined;
  readonly failover?: 'automatic' | 'manual' | undefined;
  readonly monitor?: readonly string[] | undefined;
  readonly timeToFail?: number | undefined;
  readonly serviceAddress?: readonly string[] | undefined;
  readonly service?: readonly string[] | undefined;
  readonly testAt?: string | undefined;
}

/** Short names of what the section says in milliseconds, bytes and seconds. */
const SHORT: Readonly<Record<string, { readonly key: string; readonly read: (text: string) => number | null }>> = {
  timeout: { key: 'timeoutMs', read: parseDuration },
  interval: { key: 'intervalMs', read: parseDuration },
  lease: { key: 'leaseMs', read: parseDuration },
  age: { key: 'ageMs', read: parseAge },
  ttl: { key: 'ttlSeconds', read: (text) => parseDuration(text) / 1000 },
  size: { key: 'sizeBytes', read: parseByteSize },
};

/** Undefined: nothing was given; null: the section is taken away. */
export function failoverOf(flags: FailoverFlags, before?: FailoverOptions | null): FailoverOptions | null | undefined {
  const { failoverFile, failover, serviceAddress, service, testAt } = flags;
  if (Object.values(flags).every((one) => one === undefined)) return undefined;
  if (failoverFile === 'none') return null;
  const base = failoverFile === undefined ? { ...before } : readSection(failoverFile);
  const section = {
    ...base,
    ...(failover === undefined ? {} : { automatic: failover === 'automatic' }),
    ...monitorOf(flags, base.monitor),
    ...(serviceAddress === undefined ? {} : { addresses: serviceAddress.map(addressOf) }),
    ...(testAt === undefined ? {} : { test: testAt === 'none' ? undefined : { cron: testAt } }),
    ...(service === undefined ? {} : { services: service.map((unit) => ({ name: unit, unit })) }),
  };
  return checked(section, failoverFile ?? 'the failover section');
}

function readSection(path: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw usageError(`${path} cannot be read as YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value))
    throw usageError(`${path} holds no failover section: write keys such as "services:" and "addresses:"`);
  return spelledOut(value, path) as Record<string, unknown>;
}

function spelledOut(value: unknown, where: string): unknown {
  if (Array.isArray(value)) return value.map((one) => spelledOut(one, where));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => spelled(key, one, where)));
}

function spelled(key: string, value: unknown, where: string): [string, unknown] {
  const short = SHORT[key];
  if (short === undefined || (typeof value !== 'string' && typeof value !== 'number'))
    return [key, spelledOut(value, where)];
  try {
    const read = short.read(String(value));
    if (read !== null) return [short.key, read];
  } catch {
    // Said below, with the file's name.
  }
  throw usageError(`${where}: "${key}: ${value}" is no ${key === 'size' ? 'size, such as 10G' : 'time, such as 30s'}`);
}

function monitorOf({ monitor, timeToFail }: FailoverFlags, before: unknown): { monitor?: unknown } {
  if (monitor?.length === 1 && monitor[0] === 'none') return { monitor: undefined };
  if (monitor === undefined && timeToFail === undefined) return {};
  const known = (before ?? {}) as Record<string, unknown>;
  const failures = typeof known.failures === 'number' ? known.failures : 5;
  const pace = timeToFail === undefined ? {} : { intervalMs: Math.max(100, Math.round(timeToFail / failures)) };
  return { monitor: { ...known, ...(monitor === undefined ? {} : methodsOf(monitor)), ...pace } };
}

function methodsOf(methods: readonly string[]): Record<string, unknown> {
  const tcp: number[] = [];
  for (const method of methods) {
    const port = /^tcp:(\d{1,5})$/.exec(method)?.[1];
    if (port !== undefined) tcp.push(Number(port));
    else if (method !== 'agent' && method !== 'icmp')
      throw usageError(`"${method}" is no way to monitor a source; write agent, icmp, tcp:PORT or none`);
  }
  return { agent: methods.includes('agent'), icmp: methods.includes('icmp'), tcp };
}

function addressOf(text: string): { address: string; interface: string } {
  const match = /^([^@]+)@([^@]+)$/.exec(text);
  if (match === null)
    throw usageError(`"${text}" is no service address; write ADDRESS/PREFIX@INTERFACE, such as 192.0.2.10/24@eth0`);
  return { address: match[1] ?? '', interface: match[2] ?? '' };
}

function checked(section: Record<string, unknown>, where: string): FailoverOptions {
  const parsed = failoverSchema.safeParse(section);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = (issue?.path ?? []).map(String).join('.');
  throw usageError(`${where}${place === '' ? '' : `, ${place}`}: ${issue?.message ?? 'it is wrong'}`);
}
