import { z } from 'zod';
import {
  addressSchema,
  countSchema,
  fingerprintSchema,
  roleSchema,
  serverNameSchema,
  timeSchema,
  trustRoleSchema,
} from './vocabulary.ts';

export const agentInfoSchema = z.object({
  name: serverNameSchema,
  /** Product version. */
  version: z.string().max(64),
  fingerprint: fingerprintSchema,
  /** What the agent speaks, in the words of the HTTP upgrade. */
  protocols: z.object({ management: z.array(z.string()), replication: z.array(z.string()) }),
  /** What the caller may do here; null: it is not paired. */
  role: trustRoleSchema.nullable(),
  /** For paired callers only. */
  details: z
    .object({
      pid: z.number().int(),
      home: z.string(),
      listen: z.string(),
      startedAt: timeSchema,
      uptimeMs: z.number().min(0),
      residentBytes: countSchema,
    })
    .nullable(),
});
export type AgentInfo = z.output<typeof agentInfoSchema>;

/** 32 bytes of HMAC-SHA-256 in hexadecimal; see `pairingTranscript`. */
export const proofSchema = z.string().regex(/^[0-9a-f]{64}$/);

export const pairParamsSchema = z.strictObject({
  /** What the caller calls itself. */
  name: serverNameSchema,
  proof: proofSchema,
  /** An agent says where it listens, so that the other can reach it in return; clients leave it out. */
  listenPort: z.number().int().min(1).max(65_535).optional(),
});
export const pairResultSchema = z.object({
  /** The agent's own proof that it knew the code; the caller checks it before it remembers anything. */
  proof: proofSchema,
  name: serverNameSchema,
  fingerprint: fingerprintSchema,
  role: trustRoleSchema,
});

export const pairingCodeParamsSchema = z.strictObject({
  /** `peer` for another agent. */
  role: trustRoleSchema.default('admin'),
  ttlMs: z.number().int().min(1_000).max(86_400_000).default(600_000),
});
export const pairingCodeResultSchema = z.object({ code: z.string(), role: trustRoleSchema, expiresAt: timeSchema });

/** To the source: reach that agent and pair with it by this code of role `peer`. */
export const introduceParamsSchema = z.strictObject({
  name: serverNameSchema,
  address: addressSchema,
  fingerprint: fingerprintSchema,
  /** Null: they are expected to be paired already; only the address is brought up to date and tried. */
  code: z.string().max(128).nullable(),
});
export const introduceResultSchema = z.object({ name: serverNameSchema, fingerprint: fingerprintSchema });

export const peerSchema = z.object({
  name: serverNameSchema,
  fingerprint: fingerprintSchema,
  /** Most recent first; empty where it has only ever called us. */
  addresses: z.array(z.string()),
  since: timeSchema,
});
export type Peer = z.output<typeof peerSchema>;

export const trustedClientSchema = z.object({
  name: serverNameSchema,
  fingerprint: fingerprintSchema,
  role: roleSchema,
  since: timeSchema,
});
export type TrustedClient = z.output<typeof trustedClientSchema>;
