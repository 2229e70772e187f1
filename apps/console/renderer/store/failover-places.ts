/**
 * Two parts of the failover section as a person writes them: the DNS records that change, and how far back the target can go. In: the part as
 * it is kept, or fields of a form. Out: the other, or a field that cannot be read. Sizes and ages are written as the command line has them.
 */
import { parseByteSize } from '@understudy/base';
import type { DnsUpdate, UndoLimits } from '@understudy/wire';

export interface DnsForm {
  /** Whether records are changed at all. */
  readonly on: boolean;
  /** HOST, or HOST:PORT; an IPv6 address with a port stands in brackets. */
  readonly server: string;
  readonly zone: string;
  readonly keyFile: string;
  /** One a line: NAME TYPE VALUE, then `back VALUE` and `ttl SECONDS` where they are wanted. */
  readonly records: string;
}

export interface UndoForm {
  /** As `24h`; empty: as the target's agent.yaml has it. */
  readonly age: string;
  /** As `10G`. */
  readonly size: string;
}

/** A text that is none of what it should be. */
export class Unreadable extends Error {
  readonly kind: 'nameServer' | 'record' | 'age' | 'size';
  constructor(kind: Unreadable['kind'], text: string) {
    super(text);
    this.kind = kind;
  }
}

const USUAL_PORT = 53;
const USUAL_TTL = 60;

export function dnsForm(dns: DnsUpdate | undefined): DnsForm {
  if (dns === undefined) return { on: false, server: '', zone: '', keyFile: '', records: '' };
  const { server, port, zone, keyFile, records } = dns;
  const host = server.includes(':') ? `[${server}]` : server;
  return {
    on: true,
    server: port === USUAL_PORT ? server : `${host}:${port}`,
    zone,
    keyFile: keyFile ?? '',
    records: records.map(lineOfRecord).join('\n'),
  };
}

function lineOfRecord({ name, type, value, back, ttlSeconds }: DnsUpdate['records'][number]): string {
  const words = [name, type, value];
  if (back !== undefined) words.push('back', back);
  if (ttlSeconds !== USUAL_TTL) words.push('ttl', String(ttlSeconds));
  return words.join(' ');
}

/** To be checked by the schema. `before`: what the form does not show stays as it was there. */
export function dnsOf(form: DnsForm, before: DnsUpdate | undefined): unknown {
  if (!form.on) return undefined;
  const { port: _1, keyFile: _2, ...rest } = before ?? {};
  const keyFile = form.keyFile.trim();
  return {
    ...rest,
    ...serverOf(form.server.trim()),
    zone: form.zone.trim(),
    ...(keyFile === '' ? {} : { keyFile }),
    records: form.records
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
      .map(recordOf),
  };
}

function serverOf(text: string): { server: string; port: number } {
  const bracketed = /^\[([^\]]+)\](?::(\d{1,5}))?$/.exec(text);
  const plain = /^([^:\s]+):(\d{1,5})$/.exec(text);
  const [, server = text, port = String(USUAL_PORT)] = bracketed ?? plain ?? [];
  if (server === '') throw new Unreadable('nameServer', text);
  return { server, port: Number(port) };
}

function recordOf(line: string): unknown {
  const [name = '', type = '', value = '', ...rest] = line.split(/\s+/);
  const record: Record<string, unknown> = { name, type: type.toUpperCase(), value };
  if (value === '' || rest.length % 2 !== 0) throw new Unreadable('record', line);
  for (let at = 0; at < rest.length; at += 2) {
    const [word = '', said = ''] = rest.slice(at, at + 2);
    if (word === 'back' && record.back === undefined) record.back = said;
    else if (word === 'ttl' && record.ttlSeconds === undefined && /^\d{1,7}$/.test(said))
      record.ttlSeconds = Number(said);
    else throw new Unreadable('record', line);
  }
  return record;
}

const UNIT_MS = { d: 86_400_000, h: 3_600_000, m: 60_000 } as const;
const UNIT_BYTES = { P: 2 ** 50, T: 2 ** 40, G: 2 ** 30, M: 2 ** 20, K: 2 ** 10 } as const;

export const undoForm = (undo: UndoLimits | undefined): UndoForm => ({
  age: undo?.ageMs === undefined ? '' : (written(undo.ageMs, UNIT_MS) ?? `${undo.ageMs / UNIT_MS.m}m`),
  size: undo?.sizeBytes === undefined ? '' : (written(undo.sizeBytes, UNIT_BYTES) ?? String(undo.sizeBytes)),
});

/** In the largest unit of which it is a whole number. */
function written(amount: number, units: Readonly<Record<string, number>>): string | null {
  for (const [unit, of] of Object.entries(units)) if (amount >= of && amount % of === 0) return `${amount / of}${unit}`;
  return null;
}

export function undoOf(form: UndoForm, before: UndoLimits | undefined): UndoLimits | undefined {
  const was = undoForm(before);
  // What nobody has touched is what it was, to the last millisecond.
  const ageMs = form.age === was.age ? before?.ageMs : ageOf(form.age.trim());
  const sizeBytes = form.size === was.size ? before?.sizeBytes : sizeOf(form.size.trim());
  if (ageMs === undefined && sizeBytes === undefined) return undefined;
  return { ...(sizeBytes === undefined ? {} : { sizeBytes }), ...(ageMs === undefined ? {} : { ageMs }) };
}

function ageOf(text: string): number | undefined {
  if (text === '') return undefined;
  const [, count, unit] = /^(\d+(?:\.\d+)?)\s*(m|h|d)$/.exec(text) ?? [];
  if (count === undefined || unit === undefined) throw new Unreadable('age', text);
  return Math.round(Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS]);
}

function sizeOf(text: string): number | undefined {
  if (text === '') return undefined;
  const bytes = parseByteSize(text);
  if (bytes === null) throw new Unreadable('size', text);
  return bytes;
}
