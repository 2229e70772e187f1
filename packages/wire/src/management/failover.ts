/**
 * What a job's target does when the source is gone: `definition.failover`. In: what a person wrote. Out: a section that makes sense by
 * itself. It is handed to the target with the definition, which keeps it: the source may be dead when it counts. Paths, units, scripts
 * and devices are the target server's. Promise: an unknown key is refused, and each sentence says what would be right.
 */
import { z } from 'zod';
import { testScheduleSchema } from './test-failover.ts';
import { addressSchema, fingerprintSchema, serverNameSchema } from './vocabulary.ts';

const absolutePath = z
  .string()
  .max(4096)
  .regex(/^\/[^\0]*$/, 'write an absolute path on the target, such as /usr/local/bin/announce');
const argument = z
  .string()
  .max(4096)
  .regex(/^[^\0]*$/, 'an argument holds no NUL');
const SHORTEST_MS = 100;
const timeLimit = (usual: number) =>
  z.number().int().min(SHORTEST_MS, `a time limit is at least ${SHORTEST_MS} ms`).max(86_400_000).default(usual);

/** The program by its path, then its arguments: no shell reads it. */
export const commandSchema = z
  .array(argument)
  .min(1, 'a command begins with its program')
  .max(256)
  .refine(([program = '']) => program.startsWith('/'), 'write the program of a command as an absolute path');
export type Command = z.output<typeof commandSchema>;

export const scriptSchema = z.strictObject({
  path: absolutePath,
  arguments: z.array(argument).max(256).default([]),
  timeoutMs: timeLimit(60_000),
});
export type Script = z.output<typeof scriptSchema>;

export const scriptsSchema = z.strictObject({
  beforeFailover: scriptSchema.optional(),
  afterFailover: scriptSchema.optional(),
  beforeFailback: scriptSchema.optional(),
  afterFailback: scriptSchema.optional(),
});
export type Scripts = z.output<typeof scriptsSchema>;

/** By its systemd unit where systemd runs, else by commands. They start in the order given and stop in the reverse. */
export const serviceSchema = z
  .strictObject({
    /** For people. */
    name: z.string().min(1).max(128),
    unit: z
      .string()
      .max(256)
      .regex(/^[\w@:.\\-]+$/, 'a unit is called as systemd calls it, such as postgresql@15-main.service')
      .optional(),
    start: commandSchema.optional(),
    stop: commandSchema.optional(),
    /** Exit 0: it serves. Tried again until the time limit. */
    check: commandSchema.optional(),
    /** For the start and the check together, and for the stop. */
    timeoutMs: timeLimit(60_000),
  })
  .refine(
    ({ unit, start }) => unit !== undefined || start !== undefined,
    'a service has a unit, or a command that starts it',
  );
export type Service = z.output<typeof serviceSchema>;

const octets = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)';
const IPV4 = new RegExp(`^${octets}(?:\\.${octets}){3}/(?:3[0-2]|[12]?\\d)$`);
const IPV6 = /^[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*\/(?:12[0-8]|1[01]\d|\d?\d)$/;

/** Moves to the target's interface at failover, and away from it at failback. */
export const serviceAddressSchema = z.strictObject({
  address: z
    .string()
    .max(64)
    .refine((text) => IPV4.test(text) || IPV6.test(text), 'write an address with its prefix, such as 192.0.2.10/24'),
  interface: z.string().regex(/^[^\s/:]{1,15}$/, 'an interface is called as `ip link` calls it, such as eth0'),
});
export type ServiceAddress = z.output<typeof serviceAddressSchema>;

const domain = z
  .string()
  .max(255)
  .regex(/^(?!-)[\w*-]+(?:\.[\w-]+)*\.?$/, 'write a name such as db.example.org');

/** RFC 2136. At failover the records replace those of the same name and type; `back` are put in their place at failback. */
export const dnsSchema = z.strictObject({
  server: z
    .string()
    .max(255)
    .regex(/^[\w.:-]+$/, 'write the name server as a host or an address'),
  port: z.number().int().min(1).max(65_535).default(53),
  zone: domain,
  /** As nsupdate reads it with -k; absent: unsigned. */
  keyFile: absolutePath.optional(),
  records: z
    .array(
      z.strictObject({
        name: domain,
        type: z.enum(['A', 'AAAA', 'CNAME']),
        value: z
          .string()
          .max(255)
          .regex(/^[\w.:-]+$/, 'a record points at an address or a name'),
        back: z
          .string()
          .max(255)
          .regex(/^[\w.:-]+$/, 'a record points at an address or a name')
          .optional(),
        ttlSeconds: z.number().int().min(0).max(604_800).default(60),
      }),
    )
    .min(1, 'a DNS update needs a record')
    .max(64),
  timeoutMs: timeLimit(15_000),
});
export type DnsUpdate = z.output<typeof dnsSchema>;

/** How the target finds out that the source is gone. */
export const monitorSchema = z
  .strictObject({
    /** Hosts of the source; none: where its agent is known to be. */
    addresses: z
      .array(
        z
          .string()
          .max(255)
          .regex(/^[\w.:-]+$/, 'write a host or an address, without a port'),
      )
      .max(16)
      .default([]),
    /** The agent's service: its link, or its port. */
    agent: z.boolean().default(true),
    tcp: z.array(z.number().int().min(1).max(65_535)).max(16).default([]),
    icmp: z.boolean().default(false),
    /** Exit 0: it answers. The address is its last argument. */
    script: scriptSchema.optional(),
    intervalMs: z.number().int().min(SHORTEST_MS, 'an interval is at least 100 ms').max(3_600_000).default(3000),
    /** In a row. Interval times failures is the time to fail. */
    failures: z.number().int().min(1).max(65_535).default(5),
    /** An address answers where one of its methods does, or only where all do. */
    answers: z.enum(['any', 'all']).default('any'),
    /** The source counts as gone when all of its addresses have failed, or one. */
    failed: z.enum(['all', 'any']).default('all'),
  })
  .refine(
    ({ agent, tcp, icmp, script }) => agent || tcp.length > 0 || icmp || script !== undefined,
    'a monitor needs a method: agent, tcp, icmp or script',
  );
export type Monitor = z.output<typeof monitorSchema>;

/** FO3: who says that the source may not write any more. */
export const witnessSchema = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('etcd'),
    endpoints: z
      .array(z.url({ protocol: /^https?$/, error: 'an endpoint is an address such as https://etcd1:2379' }))
      .min(1)
      .max(16),
    user: z.string().max(128).optional(),
    passwordFile: absolutePath.optional(),
    caFile: absolutePath.optional(),
    leaseMs: z.number().int().min(1000, 'a lease is at least one second').max(3_600_000).default(6000),
  }),
  /** A third agent that is paired with both. */
  z.strictObject({
    kind: z.literal('agent'),
    server: z.strictObject({ name: serverNameSchema, address: addressSchema, fingerprint: fingerprintSchema }),
    leaseMs: z.number().int().min(1000, 'a lease is at least one second').max(3_600_000).default(6000),
  }),
  /** Exit 0: the source is surely off. */
  z.strictObject({ kind: z.literal('fence'), script: scriptSchema }),
]);
export type WitnessOptions = z.output<typeof witnessSchema>;

/** How far back the target can go; whichever comes first. */
export const undoLimitsSchema = z.strictObject({
  sizeBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).optional(),
  ageMs: z.number().int().min(0).max(31_536_000_000).optional(),
});
export type UndoLimits = z.output<typeof undoLimitsSchema>;

export const failoverSchema = z
  .strictObject({
    monitor: monitorSchema.optional(),
    /** False: the condition is raised as an event, and a person decides. */
    automatic: z.boolean().default(false),
    /** What an automatic failover does with what is received and not applied. */
    data: z.enum(['apply', 'discard']).default('apply'),
    witness: witnessSchema.optional(),
    addresses: z.array(serviceAddressSchema).max(64).default([]),
    services: z.array(serviceSchema).max(64).default([]),
    scripts: scriptsSchema.default({}),
    dns: dnsSchema.optional(),
    undo: undoLimitsSchema.optional(),
    /** When a failover is tried by itself. */
    test: testScheduleSchema.optional(),
  })
  .refine(({ automatic, monitor }) => !automatic || monitor !== undefined, 'an automatic failover needs a monitor')
  .refine(
    ({ automatic, witness }) => !automatic || witness !== undefined,
    'an automatic failover needs a witness (etcd, a third agent, or a fencing script): without one both servers could come to write',
  );
export type FailoverOptions = z.output<typeof failoverSchema>;
export const NO_FAILOVER_OPTIONS: FailoverOptions = failoverSchema.parse({});
