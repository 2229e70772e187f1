import { z } from 'zod';
import { countSchema, jobNameSchema, timeSchema } from './vocabulary.ts';

export const severities = ['information', 'warning', 'error'] as const;
export const severitySchema = z.enum(severities);
export type Severity = z.output<typeof severitySchema>;

export const agentEventSchema = z.object({
  /** Increases with every event, across restarts too. */
  id: z.number().int().min(1),
  time: timeSchema,
  severity: severitySchema,
  code: z.string().min(1).max(64),
  /** Null: the event concerns the agent, not one job. */
  job: z.string().nullable(),
  sentence: z.string().max(4096),
  /** What would help; empty where nothing need be done. */
  advice: z.string().max(4096),
});
export type AgentEvent = z.output<typeof agentEventSchema>;

/** Which events are wanted; every field narrows the choice. */
export const eventFilterSchema = z.strictObject({
  job: jobNameSchema.optional(),
  /** At least this severe. */
  severity: severitySchema.optional(),
  /** Only events with a greater id. */
  after: countSchema.optional(),
});
export type EventFilter = z.output<typeof eventFilterSchema>;

export const eventListParamsSchema = eventFilterSchema.extend({
  /** The newest of those that pass; with `after` the oldest, so that a reader can go on from page to page. */
  limit: z.number().int().min(1).max(1000).default(100),
});
export const eventListSchema = z.object({
  /** Oldest first. */
  events: z.array(agentEventSchema),
  /** Id of the newest event that the agent holds, whether it passed or not. */
  last: countSchema,
});

export function eventPasses(event: AgentEvent, filter: EventFilter): boolean {
  if (filter.after !== undefined && event.id <= filter.after) return false;
  if (filter.job !== undefined && event.job !== filter.job) return false;
  return filter.severity === undefined || severities.indexOf(event.severity) >= severities.indexOf(filter.severity);
}
