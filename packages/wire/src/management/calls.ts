import { z } from 'zod';
import {
  agentInfoSchema,
  introduceParamsSchema,
  introduceResultSchema,
  pairingCodeParamsSchema,
  pairingCodeResultSchema,
  pairParamsSchema,
  pairResultSchema,
  peerSchema,
  trustedClientSchema,
} from './agent.ts';
import { agentEventSchema, eventFilterSchema, eventListParamsSchema, eventListSchema } from './events.ts';
import {
  blockSizeSchema,
  jobDefinitionSchema,
  jobSelectorSchema,
  jobStatusSchema,
  jobSummarySchema,
  mirrorCompareSchema,
  orphanChoiceSchema,
  problemSchema,
  verificationReportSchema,
  verifyResultSchema,
} from './job.ts';
import { editedSchema, jobCreateSchema, jobEditSchema, jobKeptSchema } from './job-edit.ts';
import { type CallRole, fingerprintSchema, jobNameSchema } from './vocabulary.ts';

interface Definition {
  readonly params: z.ZodType;
  readonly result: z.ZodType;
  readonly role: CallRole;
}

const nothing = z.strictObject({});
const done = z.object({});
/** Waiting calls give up after this time and answer `timeout`. */
const timeoutMs = z.number().int().min(1).max(86_400_000).default(60_000);

/** Every call there is: what it takes, what it answers, and who may make it. Nothing else is dispatched. */
export const calls = {
  /** To anyone the public part, to paired callers `details` too. */
  'agent.info': { params: nothing, result: agentInfoSchema, role: 'anyone' },
  /** Turns a one-time code into trust in the caller's certificate. */
  'agent.pair': { params: pairParamsSchema, result: pairResultSchema, role: 'anyone' },
  /** An operator may ask for a code of role `peer` only; an admin for any. */
  'agent.createPairingCode': { params: pairingCodeParamsSchema, result: pairingCodeResultSchema, role: 'operator' },
  'agent.introduce': { params: introduceParamsSchema, result: introduceResultSchema, role: 'operator' },
  'agent.peers': { params: nothing, result: z.object({ peers: z.array(peerSchema) }), role: 'monitor' },
  'agent.clients': { params: nothing, result: z.object({ clients: z.array(trustedClientSchema) }), role: 'admin' },
  /** Forgets a client or peer; its open connections are closed. */
  'agent.unpair': { params: z.strictObject({ fingerprint: fingerprintSchema }), result: done, role: 'admin' },

  'job.validate': {
    params: jobDefinitionSchema,
    result: z.object({ problems: z.array(problemSchema) }),
    role: 'operator',
  },
  /** `notes`: what the caller should know though it stands in nobody's way (a path that does not exist yet). */
  'job.create': {
    params: jobCreateSchema,
    result: z.object({ status: jobStatusSchema, notes: z.array(z.string()) }),
    role: 'operator',
  },
  /** The definition as it is kept, with the revision that an edit has to name. */
  'job.get': { params: jobSelectorSchema, result: jobKeptSchema, role: 'monitor' },
  /** `refused` where somebody else has edited the job since that revision, or where the job has to be stopped for it. */
  'job.edit': { params: jobEditSchema, result: editedSchema, role: 'operator' },
  /** `adopt`: files that lie in the replica's folder and are not known to be this job's are accepted. */
  'job.start': {
    params: jobSelectorSchema.extend({ adopt: z.boolean().optional() }),
    result: jobStatusSchema,
    role: 'operator',
  },
  'job.stop': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  'job.pause': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  'job.resume': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  'job.delete': { params: jobSelectorSchema, result: done, role: 'operator' },
  'job.list': { params: nothing, result: z.object({ jobs: z.array(jobSummarySchema) }), role: 'monitor' },
  'job.status': { params: jobSelectorSchema, result: jobStatusSchema, role: 'monitor' },
  /** Begins a mirror and answers at once; the status tells how it goes. */
  'job.mirror': {
    params: jobSelectorSchema.extend({
      compare: mirrorCompareSchema.default('attributes'),
      /** Bytes, for `checksum`; null: as the job's options say. */
      blockSize: blockSizeSchema.nullable().default(null),
      /** These three: absent, as the job's options say. */
      calculate: z.boolean().optional(),
      orphans: orphanChoiceSchema.optional(),
      orphansOlderThanMs: z.number().int().min(1).optional(),
    }),
    result: jobStatusSchema,
    role: 'operator',
  },
  /** Of the mirror under way: held while replication goes on, taken up where it was, or given up. */
  'job.mirrorChange': {
    params: jobSelectorSchema.extend({ change: z.enum(['pause', 'resume', 'stop']) }),
    result: jobStatusSchema,
    role: 'operator',
  },
  /** A person's word to a brake that holds. `refused` where nothing is to be decided. */
  'job.brake': {
    params: jobSelectorSchema.extend({ decision: z.enum(['go-on', 'halt-here']) }),
    result: jobStatusSchema,
    role: 'operator',
  },
  /** Answers when the verification is complete. */
  'job.verify': {
    params: jobSelectorSchema.extend({
      repair: z.boolean().default(false),
      limit: z.number().int().min(0).max(10_000).default(1000),
    }),
    result: verifyResultSchema,
    role: 'operator',
  },
  /** What verifications of the job have found, the newest first; `number` names one of them, which then comes alone. */
  'job.verifications': {
    params: jobSelectorSchema.extend({
      number: z.number().int().min(1).optional(),
      limit: z.number().int().min(1).max(100).default(20),
    }),
    result: z.object({ reports: z.array(verificationReportSchema) }),
    role: 'monitor',
  },
  /** Answers when all that was intercepted before the call is applied on the target. */
  'job.flush': {
    params: jobSelectorSchema.extend({ timeoutMs }),
    result: z.object({ position: z.string().regex(/^\d+$/) }),
    role: 'operator',
  },
  'events.list': { params: eventListParamsSchema, result: eventListSchema, role: 'monitor' },
} as const satisfies Record<string, Definition>;

export type CallName = keyof typeof calls;
/** What a caller writes: defaults may be left out. */
export type CallParams<N extends CallName> = z.input<(typeof calls)[N]['params']>;
/** What the answering side gets: defaults are filled in. */
export type CallArguments<N extends CallName> = z.output<(typeof calls)[N]['params']>;
export type CallResult<N extends CallName> = z.output<(typeof calls)[N]['result']>;

export function isCallName(name: string): name is CallName {
  return Object.hasOwn(calls, name);
}

interface TopicDefinition {
  readonly params: z.ZodType;
  readonly payload: z.ZodType;
  readonly role: CallRole;
}

/** Every subscription there is. */
export const topics = {
  /** First the state of now, then each change (at most a few times a second per job). `status` null: the job was deleted. */
  'job-status': {
    params: z.strictObject({ name: jobNameSchema.optional() }),
    payload: z.object({ name: jobNameSchema, status: jobStatusSchema.nullable() }),
    role: 'monitor',
  },
  /** With `after` first what came since that id, then each event as it happens; without it only the latter. */
  events: { params: eventFilterSchema, payload: agentEventSchema, role: 'monitor' },
} as const satisfies Record<string, TopicDefinition>;

export type TopicName = keyof typeof topics;
export type TopicParams<T extends TopicName> = z.input<(typeof topics)[T]['params']>;
export type TopicArguments<T extends TopicName> = z.output<(typeof topics)[T]['params']>;
export type TopicPayload<T extends TopicName> = z.output<(typeof topics)[T]['payload']>;

export function isTopicName(name: string): name is TopicName {
  return Object.hasOwn(topics, name);
}
