/**
 * A failover as its target tells of it: the plan with this job's names, how far it has come, what the monitor sees. In: what the target's
 * agent knows. Out: the part `failover` of a status, and the plan of `failover --dry-run`. The steps are a closed list, in their order.
 */
import { z } from 'zod';
import { testFailoverStatusSchema } from './test-failover.ts';
import { countSchema, jobNameSchema, reasonSchema, timeSchema } from './vocabulary.ts';

export const takeoverSteps = [
  /** FO2: is the replica known to be good? */
  'check',
  /** SAFE6: packets and agents of an older epoch are refused from here on. */
  'epoch',
  'data',
  'script-before',
  'addresses',
  /** FO4: what the new primary changes is seen. What kept others from writing goes for it: the point of no return. */
  'intercept',
  /** The replica can be written. */
  'writable',
  'dns',
  'services',
  'script-after',
] as const;
export const takeoverStepSchema = z.enum(takeoverSteps);
export type TakeoverStep = z.output<typeof takeoverStepSchema>;

/** What becomes of what is received and not applied; `rewind`: the replica goes back to a moment. */
export const takeoverDataSchema = z.enum(['apply', 'discard', 'rewind']);
export type TakeoverData = z.output<typeof takeoverDataSchema>;

export const takeoverChoiceSchema = z.strictObject({
  data: takeoverDataSchema.default('apply'),
  /** The moment, as `points` lists it; with `rewind` only. */
  point: timeSchema.nullable().default(null),
  /** FO2: the risks that the operator names, as the refusals call them. */
  risks: z.array(z.string().max(64)).max(16).default([]),
});
export type TakeoverChoice = z.output<typeof takeoverChoiceSchema>;

export const plannedStepSchema = z.object({
  step: takeoverStepSchema,
  /** With this job's names. */
  sentence: z.string().max(4096),
  /** What takes it back, in a few words; null: nothing does. */
  undo: z.string().max(512).nullable(),
  pointOfNoReturn: z.boolean(),
});
export type PlannedStep = z.output<typeof plannedStepSchema>;

/** A reason why it would be refused; with a `risk` the operator may name that and go on. */
export const obstacleSchema = z.object({
  code: z.string().max(64),
  sentence: z.string().max(4096),
  risk: z.string().max(64).nullable(),
});
export type Obstacle = z.output<typeof obstacleSchema>;

export const takeoverPlanSchema = z.object({
  name: jobNameSchema,
  steps: z.array(plannedStepSchema),
  obstacles: z.array(obstacleSchema),
  /** What is received and not applied. */
  queue: z.object({ operations: countSchema, bytes: countSchema }),
  /** Up to which source time the data reaches with this choice; null: not known. */
  reaches: timeSchema.nullable(),
  /** What should be known though it stands in nobody's way. */
  notes: z.array(z.string().max(4096)),
});
export type TakeoverPlan = z.output<typeof takeoverPlanSchema>;

export const takeoverStepStatusSchema = z.object({
  step: takeoverStepSchema,
  state: z.enum(['waiting', 'doing', 'done', 'skipped', 'failed', 'undoing', 'undone']),
  sentence: z.string().max(4096),
  /** What it came to. */
  outcome: z.string().max(4096).nullable(),
});
export type TakeoverStepStatus = z.output<typeof takeoverStepStatusSchema>;

export const takeoverStatusSchema = z.object({
  phase: z.enum(['failing-over', 'failed-over', 'taking-back', 'halted', 'taken-back']),
  startedAt: timeSchema,
  endedAt: timeSchema.nullable(),
  /** Who ordered it; `monitor`: the agent itself. */
  by: z.string().max(64),
  data: takeoverDataSchema,
  point: timeSchema.nullable(),
  epoch: z.number().int().min(1),
  steps: z.array(takeoverStepStatusSchema),
  /** While halted: what is wrong. */
  reason: reasonSchema.nullable(),
  advice: z.string().max(4096),
});
export type TakeoverStatus = z.output<typeof takeoverStatusSchema>;

export const monitorStatusSchema = z.object({
  /** `yellow`: a quarter of the time to fail has gone by without an answer. `red`: all of it. */
  light: z.enum(['green', 'yellow', 'red']),
  /** Until the source counts as gone. */
  msLeft: countSchema,
  timeToFailMs: countSchema,
  addresses: z.array(
    z.object({
      address: z.string().max(255),
      light: z.enum(['green', 'yellow', 'red']),
      lastAnswer: timeSchema.nullable(),
      /** What the methods last said. */
      sentence: z.string().max(1024),
    }),
  ),
});
export type MonitorStatus = z.output<typeof monitorStatusSchema>;

/** The part of a status that the target adds. */
export const failoverStatusSchema = z.object({
  automatic: z.boolean(),
  monitor: monitorStatusSchema.nullable(),
  takeover: takeoverStatusSchema.nullable(),
  /** Whether a failover was tried, and what came of it. */
  test: testFailoverStatusSchema.optional(),
});
export type FailoverStatus = z.output<typeof failoverStatusSchema>;
