/**
 * The failover section of a job as fields of a form. In: the section as it is kept, what a person has written. Out: the section to be kept, or
 * what is wrong with which field. Promised: what the form does not show (a monitor's script, commands of a service) stays as it was, and
 * an untouched form is the section it was made of. The sentences are those of the schema, as the command line says them. Pure.
 */
import {
  type FailoverOptions,
  failoverSchema,
  NO_FAILOVER_OPTIONS,
  type Script,
  type Service,
  type WitnessOptions,
} from '@understudy/wire';
import { lineOf, wordsOf } from './command-line.ts';
import { type DnsForm, dnsForm, dnsOf, type UndoForm, Unreadable, undoForm, undoOf } from './failover-places.ts';

export const scriptNames = ['beforeFailover', 'afterFailover', 'beforeFailback', 'afterFailback'] as const;
export type ScriptName = (typeof scriptNames)[number];

export const witnessKinds = ['none', 'agent', 'etcd', 'fence'] as const;
export type WitnessKind = (typeof witnessKinds)[number];
/** A server that could be a witness, as the profile knows it. */
export type WitnessServer = Extract<WitnessOptions, { kind: 'agent' }>['server'];

export interface FailoverForm {
  readonly automatic: boolean;
  readonly data: FailoverOptions['data'];
  readonly monitored: boolean;
  readonly agent: boolean;
  readonly icmp: boolean;
  /** Ports, apart by spaces or commas; so the addresses of the source. */
  readonly tcp: string;
  readonly sources: string;
  readonly seconds: number;
  readonly witness: WitnessKind;
  readonly witnessServer: WitnessServer | null;
  readonly endpoints: string;
  /** Program and arguments. */
  readonly fence: string;
  /** One a line: ADDRESS/PREFIX@INTERFACE. */
  readonly addresses: string;
  /** One a line: a unit, or the name of a service that was there before. */
  readonly services: string;
  readonly scripts: Readonly<Record<ScriptName, string>>;
  readonly dns: DnsForm;
  readonly undo: UndoForm;
  /** As cron has it; empty: never. */
  readonly test: string;
}

export const formFields = [
  ...(['monitor', 'witness', 'addresses', 'services', 'scripts'] as const),
  ...(['dns', 'undo', 'test', 'automatic'] as const),
] as const;
export type FormField = (typeof formFields)[number];
/** `own`: a word of this console; else the schema's own sentence. */
export interface Problem {
  readonly field: FormField;
  readonly own: 'port' | 'address' | 'quote' | 'server' | Unreadable['kind'] | null;
  readonly sentence: string;
}

const scriptLine = (script: Script | undefined): string =>
  script === undefined ? '' : lineOf([script.path, ...script.arguments]);

export function formOf(section: FailoverOptions | null | undefined): FailoverForm {
  const { automatic, data, monitor, witness, addresses, services, scripts, dns, undo, test } =
    section ?? NO_FAILOVER_OPTIONS;
  return {
    automatic,
    data,
    monitored: monitor !== undefined,
    agent: monitor?.agent ?? true,
    icmp: monitor?.icmp ?? false,
    tcp: (monitor?.tcp ?? []).join(', '),
    sources: (monitor?.addresses ?? []).join(', '),
    seconds: ((monitor?.intervalMs ?? USUAL_INTERVAL_MS) * (monitor?.failures ?? USUAL_FAILURES)) / 1000,
    witness: witness?.kind ?? 'none',
    witnessServer: witness?.kind === 'agent' ? witness.server : null,
    endpoints: witness?.kind === 'etcd' ? witness.endpoints.join(', ') : '',
    fence: witness?.kind === 'fence' ? scriptLine(witness.script) : '',
    addresses: addresses.map(({ address, interface: device }) => `${address}@${device}`).join('\n'),
    services: services.map(({ name }) => name).join('\n'),
    scripts: {
      beforeFailover: scriptLine(scripts.beforeFailover),
      afterFailover: scriptLine(scripts.afterFailover),
      beforeFailback: scriptLine(scripts.beforeFailback),
      afterFailback: scriptLine(scripts.afterFailback),
    },
    dns: dnsForm(dns),
    undo: undoForm(undo),
    test: test?.cron ?? '',
  };
}

const USUAL_INTERVAL_MS = 3000;
const USUAL_FAILURES = 5;

const listOf = (text: string): string[] => text.split(/[\s,]+/).filter((one) => one !== '');
const linesOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

class Wrong extends Error {
  readonly problem: Problem;
  constructor(field: FormField, own: Problem['own'], sentence = '') {
    super(sentence);
    this.problem = { field, own, sentence };
  }
}

type Kept = FailoverOptions | null | undefined;
export type Read = { readonly section: Kept; readonly problem: null } | { readonly problem: Problem };

/** `before`: the section that the form was made of. */
export function sectionOf(form: FailoverForm, before: Kept): Read {
  try {
    const {
      monitor: _1,
      witness: _2,
      test: _3,
      scripts: _4,
      dns: _5,
      undo: _6,
      ...rest
    } = before ?? NO_FAILOVER_OPTIONS;
    const written = {
      ...rest,
      automatic: form.automatic,
      data: form.data,
      ...monitorOf(form, before?.monitor),
      ...witnessOf(form, before?.witness),
      addresses: linesOf(form.addresses).map(addressOf),
      services: servicesOf(form.services, before?.services ?? []),
      scripts: scriptsOf(form.scripts, before?.scripts ?? {}),
      ...placesOf(form, before),
      ...(form.test.trim() === '' ? {} : { test: { cron: form.test.trim() } }),
    };
    const parsed = failoverSchema.safeParse(written);
    if (!parsed.success) return { problem: problemOf(parsed.error.issues[0]) };
    const isNothing = before == null && JSON.stringify(parsed.data) === JSON.stringify(NO_FAILOVER_OPTIONS);
    return { section: isNothing ? before : parsed.data, problem: null };
  } catch (error) {
    if (error instanceof Wrong) return { problem: error.problem };
    throw error;
  }
}

function placesOf(form: FailoverForm, before: Kept): { dns?: unknown; undo?: unknown } {
  const dns = read('dns', () => dnsOf(form.dns, before?.dns));
  const undo = read('undo', () => undoOf(form.undo, before?.undo));
  return { ...(dns === undefined ? {} : { dns }), ...(undo === undefined ? {} : { undo }) };
}

function read<T>(field: FormField, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof Unreadable) throw new Wrong(field, error.kind, error.message);
    throw error;
  }
}

function problemOf(issue: { readonly path: readonly PropertyKey[]; readonly message: string } | undefined): Problem {
  const field = formFields.find((one) => one === issue?.path[0]) ?? 'automatic';
  return { field, own: null, sentence: issue?.message ?? '' };
}

function monitorOf(form: FailoverForm, before: FailoverOptions['monitor']) {
  if (!form.monitored) return {};
  const tcp = listOf(form.tcp).map((port) => {
    if (!/^\d{1,5}$/.test(port)) throw new Wrong('monitor', 'port', port);
    return Number(port);
  });
  const failures = before?.failures ?? USUAL_FAILURES;
  const same =
    form.seconds === formOf(before === undefined ? null : { ...NO_FAILOVER_OPTIONS, monitor: before }).seconds;
  // As the command line's --time-to-fail has it.
  const intervalMs = same
    ? (before?.intervalMs ?? USUAL_INTERVAL_MS)
    : Math.max(100, Math.round((form.seconds * 1000) / failures));
  const { agent, icmp } = form;
  return { monitor: { ...before, agent, icmp, tcp, addresses: listOf(form.sources), intervalMs, failures } };
}

function witnessOf(form: FailoverForm, before: WitnessOptions | undefined): { witness?: unknown } {
  const { witness: kind } = form;
  if (kind === 'none') return {};
  const kept = before?.kind === kind ? before : { kind };
  if (kind === 'etcd') return { witness: { ...kept, endpoints: listOf(form.endpoints) } };
  if (kind === 'fence')
    return {
      witness: {
        ...kept,
        script: scriptOf('witness', form.fence, before?.kind === 'fence' ? before.script : undefined),
      },
    };
  if (form.witnessServer === null) throw new Wrong('witness', 'server');
  return { witness: { ...kept, server: form.witnessServer } };
}

function addressOf(line: string): { address: string; interface: string } {
  const match = /^([^@\s]+)@([^@\s]+)$/.exec(line);
  if (match === null) throw new Wrong('addresses', 'address', line);
  return { address: match[1] ?? '', interface: match[2] ?? '' };
}

/** One that was there before keeps its commands; a new one is a unit. */
function servicesOf(text: string, before: readonly Service[]): unknown[] {
  const known = new Map(before.map((service) => [service.name, service]));
  return linesOf(text).map((line) => known.get(line) ?? { name: line, unit: line });
}

function scriptsOf(lines: FailoverForm['scripts'], before: FailoverOptions['scripts']): Record<string, unknown> {
  const written = scriptNames.flatMap((name) => {
    if (lines[name].trim() === '') return [];
    return [[name, scriptOf('scripts', lines[name], before[name])] as const];
  });
  return Object.fromEntries(written);
}

function scriptOf(field: FormField, line: string, before: Script | undefined): unknown {
  const words = wordsOf(line);
  if (words === null) throw new Wrong(field, 'quote', line);
  const [path = '', ...args] = words;
  return { ...before, path, arguments: args };
}
