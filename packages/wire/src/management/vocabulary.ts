import { z } from 'zod';

/** What a paired client may do; each role includes the ones before it. */
export const roles = ['monitor', 'operator', 'admin'] as const;
export const roleSchema = z.enum(roles);
export type Role = z.output<typeof roleSchema>;

/** `peer` is another agent: it may replicate, and calls what anyone may and what is for agents alone. */
export const trustRoleSchema = z.enum([...roles, 'peer']);
export type TrustRole = z.output<typeof trustRoleSchema>;

/** Who may make a call: anyone at all (unpaired too), a client of at least this role, or a paired agent and nobody else. */
export type CallRole = 'anyone' | Role | 'peer';

const RANK: Readonly<Record<CallRole | TrustRole, number>> = { anyone: 0, peer: 0, monitor: 1, operator: 2, admin: 3 };

/** `held` is null for a caller whose certificate is not trusted. */
export function roleReaches(held: TrustRole | null, needed: CallRole): boolean {
  if (needed === 'peer') return held === 'peer';
  return RANK[held ?? 'anyone'] >= RANK[needed];
}

/** SHA-256 of the DER certificate, 64 lower-case hexadecimal digits. */
export const fingerprintSchema = z.string().regex(/^[0-9a-f]{64}$/, 'a fingerprint is 64 hexadecimal digits');

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const NAME_RULE = 'a name has 1 to 64 letters, digits, dots, dashes and underscores and begins with a letter or digit';
export const jobNameSchema = z.string().regex(NAME, NAME_RULE);
export const serverNameSchema = z.string().regex(NAME, NAME_RULE);

/** `HOST:PORT`, `[IPV6]:PORT`. */
export const addressSchema = z
  .string()
  .max(300)
  .refine((text) => parseAddress(text) !== null, 'an address is HOST:PORT, with an IPv6 address in brackets');

export interface Address {
  readonly host: string;
  readonly port: number;
}

/** Null where the text is no `HOST:PORT`. */
export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9A-Fa-f:.%\w]+)\]|([^\s:[\]]+)):(\d{1,5})$/.exec(text);
  if (match === null) return null;
  const port = Number(match[3]);
  const host = match[1] ?? match[2] ?? '';
  return port <= 65_535 && host.length <= 255 ? { host, port } : null;
}

export function formatAddress(address: Address): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}

/** Milliseconds since 1970, as ISO 8601 in UTC. */
export const timeSchema = z.iso.datetime();
export const countSchema = z.number().int().min(0);

/**
 * A path or rule of any bytes: `text` for people (base's `rawToText`; bytes that are not UTF-8 are lone surrogates), `bytes` is
 * base64 of what is meant. Where the two disagree, `bytes` counts.
 */
export const rawPathSchema = z.strictObject({ text: z.string().max(65_536), bytes: z.base64().max(131_072) });
export type RawPath = z.output<typeof rawPathSchema>;

/** A closed code and a sentence. */
export const reasonSchema = z.object({ code: z.string().max(64), sentence: z.string().max(4096) });
export type Reason = z.output<typeof reasonSchema>;
