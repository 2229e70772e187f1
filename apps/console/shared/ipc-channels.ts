/**
 * shared: everything that the window and the main process say to each other. In: a request by the name of its channel. Out: an answer, or an
 * error of a closed list with a sentence. Promised: what is not listed here is not served, and a payload that does not fit its schema
 * reaches no code behind it. The window sends requests; the main process sends nothing but a `Batch`, as JSON.
 */
import { type CallName, calls, jobDefinitionSchema, presetNameSchema, serverNameSchema } from '@understudy/wire';
import { z } from 'zod';
import { type Preferences, preferenceChangesSchema } from './preferences.ts';
import type { Snapshot } from './view.ts';

/** The names that Electron sees begin with this. */
export const CHANNEL_PREFIX = 'understudy:';
export const DELTAS = `${CHANNEL_PREFIX}deltas`;

const nothing = z.strictObject({});

/**
 * The calls of the management protocol that a window may make of an agent. Pairing and what agents ask each other is not among them: the
 * main process does that itself.
 */
export const permittedCalls = [
  'agent.info',
  'agent.peers',
  'agent.clients',
  'agent.settings',
  'agent.changeSetting',
  'agent.createPairingCode',
  'agent.unpair',
  'job.get',
  'job.edit',
  'job.start',
  'job.stop',
  'job.pause',
  'job.resume',
  'job.delete',
  'job.status',
  'job.mirror',
  'job.mirrorChange',
  'job.flush',
  'job.brake',
  'job.failoverPlan',
  'job.failover',
  'job.failoverCancel',
  'job.testFailover',
  'job.verify',
  'job.verifications',
  'job.points',
  'job.history',
  'job.unsent',
  'job.failback',
  'job.reverse',
  'job.undoFailover',
  'job.restorePlan',
  'job.restore',
  'job.restoreStatus',
  'job.restoreCancel',
  'files.browse',
  'presets.list',
  'presets.needs',
  'events.list',
] as const satisfies readonly CallName[];
export type PermittedCall = (typeof permittedCalls)[number];

const askSchema = z
  .strictObject({ server: serverNameSchema, call: z.enum(permittedCalls), params: z.unknown() })
  .superRefine(({ call, params }, context) => {
    const parsed = calls[call].params.safeParse(params);
    for (const issue of parsed.error?.issues ?? [])
      context.addIssue({ code: 'custom', message: issue.message, path: ['params', ...issue.path] });
  });

/** A job as the wizard has it: the two servers by their names here, and what the target's address is comes from the profile. */
export const plannedJobSchema = z.strictObject({
  source: serverNameSchema,
  target: serverNameSchema,
  preset: presetNameSchema.nullable(),
  definition: jobDefinitionSchema.omit({ target: true, sourceName: true }),
});
export type PlannedJob = z.input<typeof plannedJobSchema>;

export const checkSteps = ['source', 'target', 'introduce', 'definition', 'preset'] as const;
/** One line of the check-list. */
export interface CheckResult {
  readonly step: (typeof checkSteps)[number];
  readonly state: 'ok' | 'warning' | 'error' | 'skipped';
  readonly sentences: readonly string[];
}

export interface CreatedJob {
  /** Its identity, or `SERVER/NAME`. */
  readonly key: string;
  readonly notes: readonly string[];
}

/** `result` is there for its type. */
interface Channel<P extends z.ZodType, R> {
  readonly params: P;
  readonly result?: R;
}
const channel = <R, P extends z.ZodType = z.ZodType>(params: P): Channel<P, R> => ({ params });
const takes =
  <P extends z.ZodType>(params: P) =>
  <R>(): Channel<P, R> =>
    channel<R, P>(params);

export const channels = {
  /** Once, when the window has opened: everything as it stands; what changes afterwards comes as deltas. */
  open: takes(nothing)<Snapshot>(),
  /** The window shows its first page: hundreds of servers that are called before would keep it waiting. */
  drawn: takes(nothing)<true>(),
  remember: takes(preferenceChangesSchema)<Preferences>(),
  /** What this console remembers becomes what it was at its first start. */
  forgetMemory: takes(nothing)<Preferences>(),
  pair: takes(
    z.strictObject({
      address: z.string().min(1).max(300),
      code: z.string().min(1).max(128),
      name: serverNameSchema.nullable(),
    }),
  )<{ readonly name: string; readonly fingerprint: string }>(),
  forget: takes(z.strictObject({ name: serverNameSchema }))<true>(),
  /** Ends, as SERVER/NAME, of which the window shows figures: those come each second, those of the others as often as there is room. */
  watch: takes(z.strictObject({ ends: z.array(z.string().max(1024)).max(5000) }))<true>(),
  /** Now, instead of when it would be tried again. */
  reconnect: takes(z.strictObject({ name: serverNameSchema }))<true>(),
  ask: takes(askSchema)<unknown>(),
  /** Of two servers the first is to reach the second: each trusts the other from then on. */
  introduce: takes(z.strictObject({ source: serverNameSchema, target: serverNameSchema }))<true>(),
  checkJob: takes(plannedJobSchema)<readonly CheckResult[]>(),
  createJob: takes(plannedJobSchema.extend({ start: z.boolean(), adopt: z.boolean() }))<CreatedJob>(),
} as const;

export type ChannelName = keyof typeof channels;
/** What the main process answers by itself; for the rest the servers' side of it is asked. */
export const ownChannels = ['open', 'drawn', 'remember', 'forgetMemory'] as const satisfies readonly ChannelName[];
export type OwnChannel = (typeof ownChannels)[number];
export type AgentChannel = Exclude<ChannelName, OwnChannel>;
export type ChannelParams<N extends ChannelName> = z.input<(typeof channels)[N]['params']>;
export type ChannelArguments<N extends ChannelName> = z.output<(typeof channels)[N]['params']>;
export type ChannelResult<N extends ChannelName> = (typeof channels)[N] extends Channel<z.ZodType, infer R> ? R : never;

/** What becomes of a request. */
export type Answer =
  | { readonly ok: true; readonly value: unknown }
  | {
      readonly ok: false;
      readonly error: { readonly code: string; readonly agentCode: string | null; readonly sentence: string };
    };

/** The window's whole view of the world; `preload` puts it there. */
export interface Bridge {
  readonly invoke: (channel: string, payload: unknown) => Promise<Answer>;
  readonly onDeltas: (listener: (batch: unknown) => void) => void;
}
