/**
 * Application presets: what a server runs, and what another must have to run it. In: nothing but what the agents find. Out: rules and
 * services for a job, and the problems that would keep the target from taking over. The two servers need not know each other for it:
 * whoever asks carries `needs` from the one to the other.
 */
import { z } from 'zod';
import { problemSchema } from './job.ts';
import { countSchema, rawPathSchema } from './vocabulary.ts';

/** `postgresql:15-main`; without what follows the colon where a server can only have one. */
export const presetNameSchema = z
  .string()
  .max(256)
  .regex(/^[a-z][a-z0-9-]*(:[A-Za-z0-9][A-Za-z0-9._-]*)?$/, 'a preset is called as `understudy presets` lists it');

const commandSchema = z.array(z.string().max(4096)).min(1).max(256);

/** In the order in which they start. Where systemd runs it is asked for the unit, elsewhere the commands are run. */
export const presetServiceSchema = z.object({
  name: z.string().min(1).max(128),
  unit: z.string().max(256),
  start: commandSchema,
  stop: commandSchema,
  /** Exit 0: it serves. */
  check: commandSchema,
  timeoutMs: countSchema,
});
export type PresetService = z.output<typeof presetServiceSchema>;

export const foundPresetSchema = z.object({
  name: presetNameSchema,
  /** For people, such as `PostgreSQL 15, cluster main`. */
  title: z.string().max(256),
  running: z.boolean(),
  include: z.array(rawPathSchema).max(1024),
  exclude: z.array(rawPathSchema).max(1024),
  services: z.array(presetServiceSchema).max(64),
  /** What it leaves to a person: configuration that is not replicated, what clients must do. */
  notes: z.array(z.string().max(4096)),
});
export type FoundPreset = z.output<typeof foundPresetSchema>;

const portSchema = z.strictObject({ protocol: z.enum(['tcp', 'udp']), port: z.number().int().min(1).max(65_535) });
const accountSchema = z.strictObject({
  kind: z.enum(['user', 'group']),
  name: z.string().max(256),
  id: countSchema,
  /** The service runs as it; otherwise files of the set belong to it. */
  runs: z.boolean(),
});

/** What the source has and a target must match. */
export const presetNeedsSchema = z.strictObject({
  name: presetNameSchema,
  title: z.string().max(256),
  /** What the wildcards of the preset's place stood for. */
  parts: z.array(z.string().max(256)).max(16),
  /** As far as it has to be the same; null: the source could not tell. */
  version: z.string().max(64).nullable(),
  accounts: z.array(accountSchema).max(1024),
  ports: z.array(portSchema).max(256),
  paths: z.array(rawPathSchema).max(1024),
  /** On the source's disk. */
  bytes: countSchema,
  /** False: there is more than was counted in the time that is taken for it. */
  counted: z.boolean(),
  /** Files of the service that a job does not bring over: both servers must have them alike. */
  configuration: z.array(z.strictObject({ path: rawPathSchema, digest: z.string().regex(/^[0-9a-f]{64}$/) })).max(1024),
});
export type PresetNeeds = z.output<typeof presetNeedsSchema>;

export const presetValidateSchema = z.strictObject({
  needs: presetNeedsSchema,
  /** `DIR` of `--to`; null: the same paths as on the source. */
  to: rawPathSchema.nullable().default(null),
});
export const presetProblemsSchema = z.object({ problems: z.array(problemSchema) });
