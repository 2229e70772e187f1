import {
  addressSchema,
  fingerprintSchema,
  type Peer,
  serverNameSchema,
  type TrustRole,
  timeSchema,
  trustRoleSchema,
} from '@understudy/wire';
import { z } from 'zod';
import { readJson, writeJson } from '../home/atomic-json.ts';

const entrySchema = z.strictObject({
  fingerprint: fingerprintSchema,
  name: serverNameSchema,
  role: trustRoleSchema,
  since: timeSchema,
  /** Where an agent was reached, most recent first; empty for clients. */
  addresses: z.array(addressSchema).max(8),
});
const fileSchema = z.strictObject({ version: z.literal(1), trusted: z.array(entrySchema).max(10_000) });

export type TrustEntry = Readonly<z.output<typeof entrySchema>>;

const ADDRESSES = 4;

/** Who is trusted, by certificate: HOME/trust.json. A change is on disk before it counts. */
export class TrustStore {
  readonly #path: string;
  readonly #wallMs: () => number;
  readonly #entries = new Map<string, TrustEntry>();
  readonly #onRemoved = new Set<(fingerprint: string) => void>();

  constructor(path: string, wallMs: () => number = Date.now) {
    this.#path = path;
    this.#wallMs = wallMs;
    for (const entry of readJson(path, fileSchema)?.trusted ?? []) this.#entries.set(entry.fingerprint, entry);
  }

  find(fingerprint: string): TrustEntry | null {
    return this.#entries.get(fingerprint) ?? null;
  }

  list(): TrustEntry[] {
    return [...this.#entries.values()];
  }

  peers(): Peer[] {
    const peers = this.list().filter((entry) => entry.role === 'peer');
    return peers.map(({ name, fingerprint, addresses, since }) => ({
      name,
      fingerprint,
      addresses: [...addresses],
      since,
    }));
  }

  /** The agent of this name other than `fingerprint`, or one that was last reached at `address`: it may have been installed anew. */
  peerLike(name: string, address: string | null, fingerprint: string): TrustEntry | null {
    const alike = (entry: TrustEntry) =>
      entry.role === 'peer' &&
      entry.fingerprint !== fingerprint &&
      (entry.name === name || (address !== null && entry.addresses[0] === address));
    return this.list().find(alike) ?? null;
  }

  /** Trusts a certificate, or changes name, role and address of one that is trusted; `since` then stays. */
  add(entry: { fingerprint: string; name: string; role: TrustRole; address?: string | null }): TrustEntry {
    const known = this.#entries.get(entry.fingerprint);
    const address = entry.address ?? null;
    const before = known?.addresses ?? [];
    const added: TrustEntry = {
      fingerprint: entry.fingerprint,
      name: entry.name,
      role: entry.role,
      since: known?.since ?? new Date(this.#wallMs()).toISOString(),
      addresses: address === null ? before : [address, ...before.filter((a) => a !== address)].slice(0, ADDRESSES),
    };
    this.#save(new Map(this.#entries).set(added.fingerprint, added));
    return added;
  }

  /** False: it was not trusted. */
  remove(fingerprint: string): boolean {
    if (!this.#entries.has(fingerprint)) return false;
    const left = new Map(this.#entries);
    left.delete(fingerprint);
    this.#save(left);
    for (const listener of this.#onRemoved) listener(fingerprint);
    return true;
  }

  /** Its connections should end. */
  onRemoved(listener: (fingerprint: string) => void): void {
    this.#onRemoved.add(listener);
  }

  #save(entries: Map<string, TrustEntry>): void {
    writeJson(this.#path, { version: 1, trusted: [...entries.values()] });
    this.#entries.clear();
    for (const [fingerprint, entry] of entries) this.#entries.set(fingerprint, entry);
  }
}
