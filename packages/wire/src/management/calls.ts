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
import { browseParamsSchema, browseResultSchema } from './browse.ts';
import { agentEventSchema, eventFilterSchema, eventListParamsSchema, eventListSchema } from './events.ts';
import { figuresAskedSchema } from './figures.ts';
import { historyAskedSchema, historySchema } from './history.ts';
import {
  jobDefinitionSchema,
  jobSelectorSchema,
  jobStatusSchema,
  jobSummarySchema,
  mirrorCompareSchema,
  problemSchema,
} from './job.ts';
import { editedSchema, jobCreateSchema, jobEditSchema, jobKeptSchema } from './job-edit.ts';
import { blockSizeSchema, orphanChoiceSchema } from './mirror-options.ts';
import { pointsSchema } from './past.ts';
import {
  foundPresetSchema,
  presetNameSchema,
  presetNeedsSchema,
  presetProblemsSchema,
  presetValidateSchema,
} from './presets.ts';
import { restoreChoiceSchema, restorePlanSchema, restoreStatusSchema } from './restore.ts';
import { settingChangeSchema, settingsSchema } from './settings.ts';
import { jobNewsSchema } from './status-changes.ts';
import { takeoverChoiceSchema, takeoverPlanSchema } from './takeover.ts';
import { testFailoverSchema } from './test-failover.ts';
import { verificationReportSchema, verifyResultSchema } from './verification.ts';
import { type CallRole, fingerprintSchema, jobNameSchema, timeSchema } from './vocabulary.ts';
import { unsentListSchema } from './way-home.ts';
import { witnessReadResultSchema, witnessReadSchema, witnessSwapResultSchema, witnessSwapSchema } from './witness.ts';

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
  'agent.settings': { params: nothing, result: settingsSchema, role: 'monitor' },
  /** `refused` where the file would not do so, or does not do as it is. Answers with what will hold. */
  'agent.changeSetting': { params: settingChangeSchema, result: settingsSchema, role: 'admin' },

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
  /**
   * `adopt`: files that lie in the replica's folder and are not known to be this job's are accepted. `asPrimary`: of a superseded source,
   * a person's word that it writes from now on and no other server does.
   */
  'job.start': {
    params: jobSelectorSchema.extend({ adopt: z.boolean().optional(), asPrimary: z.boolean().optional() }),
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
  /** Of the target's agent: what a failover would do, and what stands in its way. Nothing is changed. */
  'job.failoverPlan': {
    params: jobSelectorSchema.extend(takeoverChoiceSchema.shape),
    result: takeoverPlanSchema,
    role: 'operator',
  },
  /**
   * Of the target's agent: the target takes over, from the beginning, or on from where it was halted. Answers when it has begun; the
   * status tells how it goes. `refused` names what stands in the way.
   */
  'job.failover': {
    params: jobSelectorSchema.extend({
      ...takeoverChoiceSchema.shape,
      /** The operator's word that the source is down, or may not write any more (FO3). */
      sourceIsDown: z.boolean().default(false),
      /** Of one that is halted: the step it stands at is taken for done. */
      skip: z.boolean().default(false),
    }),
    result: jobStatusSchema,
    role: 'operator',
  },
  /** Of one that is halted before the point of no return, or under way: what was done is taken back. */
  'job.failoverCancel': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  /** Of the target's agent: the services are started on a copy of the replica. Answers when that is over and nothing of it is left. */
  'job.testFailover': { params: jobSelectorSchema, result: testFailoverSchema, role: 'operator' },
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
  /** Of the agent that keeps the replica: to which moments it can be taken back. */
  'job.points': { params: jobSelectorSchema, result: pointsSchema, role: 'monitor' },
  /** Shows the replica there as it was at the newest moment up to `at`, read-only, until `job.endView`. `directory` in base64. */
  'job.view': {
    params: jobSelectorSchema.extend({ at: timeSchema, directory: z.base64().max(8192) }),
    result: z.object({ time: timeSchema, position: z.string().regex(/^\d+$/) }),
    role: 'admin',
  },
  'job.endView': { params: jobSelectorSchema.extend({ directory: z.base64().max(8192) }), result: done, role: 'admin' },
  /** Of any server: what lies in one of its directories. `refused` where it cannot be read. */
  'files.browse': { params: browseParamsSchema, result: browseResultSchema, role: 'operator' },
  /** Of any server: the applications that it has and that a preset knows. */
  'presets.list': { params: nothing, result: z.object({ presets: z.array(foundPresetSchema) }), role: 'monitor' },
  /** Of the source: what a target must have for one of them. Counts the set's size, for a few seconds at most. */
  'presets.needs': { params: z.strictObject({ name: presetNameSchema }), result: presetNeedsSchema, role: 'operator' },
  /** Of the target: what it lacks; an `error` would keep the service from starting there. */
  'presets.validate': { params: presetValidateSchema, result: presetProblemsSchema, role: 'operator' },
  'witness.read': { params: witnessReadSchema, result: witnessReadResultSchema, role: 'peer' },
  /** `forbidden` where others take part in that job; `refused` where the caller is not the record's holder. */
  'witness.swap': { params: witnessSwapSchema, result: witnessSwapResultSchema, role: 'peer' },
  /** What this server, the job's former primary, had not got to its target when another one took over; null: nobody has. */
  'job.unsent': {
    params: jobSelectorSchema,
    result: z.object({ unsent: unsentListSchema.nullable() }),
    role: 'monitor',
  },
  /** To the server that has taken the job over: the roles go back, and nothing that was written meanwhile is lost. Answers at once. */
  'job.failback': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  /** To the same: the roles stay as they are, and the former source becomes the target. */
  'job.reverse': { params: jobSelectorSchema, result: jobStatusSchema, role: 'operator' },
  /**
   * To the same: the former source goes on as if nothing had been. `refused` where something was changed since, with its names, unless
   * `discard`: then it is put aside and the former source decides.
   */
  'job.undoFailover': {
    params: jobSelectorSchema.extend({ discard: z.boolean().default(false) }),
    result: z.object({ sentence: z.string().max(4096), asideAt: z.array(z.string()) }),
    role: 'operator',
  },
  /**
   * To the source, for a cut-over: applications are answered EROFS from here on. Answers when all that they wrote is applied on the target;
   * where nobody has taken over by `until`, and the target says so, they write on. `refused` where both sides are not known to be equal.
   */
  'job.holdWrites': {
    params: jobSelectorSchema.extend({ timeoutMs }),
    result: z.object({ position: z.string().regex(/^\d+$/), until: timeSchema }),
    role: 'operator',
  },
  /** They write on. `sure`: a person knows that the target has not taken over, though it cannot be asked from there. */
  'job.letWrite': {
    params: jobSelectorSchema.extend({ sure: z.boolean().default(false) }),
    result: jobStatusSchema,
    role: 'operator',
  },
  /** Of the agent that keeps the replica: what a restore would do, and what stands in its way. Nothing is changed. */
  'job.restorePlan': {
    params: jobSelectorSchema.extend(restoreChoiceSchema.shape),
    result: restorePlanSchema,
    role: 'operator',
  },
  /** Of the same: it is copied. Answers when that has begun. `refused` names what stands in the way. */
  'job.restore': {
    params: jobSelectorSchema.extend(restoreChoiceSchema.shape),
    result: restoreStatusSchema,
    role: 'operator',
  },
  /** The one under way, or the last; null: there was none. */
  'job.restoreStatus': {
    params: jobSelectorSchema,
    result: z.object({ restore: restoreStatusSchema.nullable() }),
    role: 'monitor',
  },
  /** The one under way is broken off; what was copied stays where it is. */
  'job.restoreCancel': { params: jobSelectorSchema, result: restoreStatusSchema, role: 'operator' },
  /** Throughput, queue and age of the recovery point over time, as this agent has kept them: fine for a day, coarse for thirty. */
  'job.history': { params: historyAskedSchema, result: historySchema, role: 'monitor' },
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
  /** Of all jobs the same, together, for who keeps what he was told: first each as a whole, then what has changed since. */
  'job-changes': {
    params: z.strictObject({ figures: figuresAskedSchema.optional() }),
    payload: z.array(jobNewsSchema),
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
