/** What this console remembers of its user; nothing of it is secret, and none of it is needed. */
import { serverNameSchema } from '@understudy/wire';
import { z } from 'zod';

export const themes = ['system', 'light', 'dark'] as const;
export const languages = ['system', 'en', 'de'] as const;

/** A job's identity, or `SERVER/NAME` of one that has none. */
export const jobKeySchema = z.string().min(1).max(160);

/** Where one is. */
export const placeSchema = z.discriminatedUnion('screen', [
  z.strictObject({ screen: z.literal('dashboard') }),
  z.strictObject({ screen: z.literal('job'), job: jobKeySchema }),
  z.strictObject({ screen: z.literal('servers') }),
  z.strictObject({ screen: z.literal('server'), server: serverNameSchema }),
  z.strictObject({ screen: z.literal('map') }),
  z.strictObject({ screen: z.literal('events') }),
  z.strictObject({ screen: z.literal('settings') }),
]);
export type Place = z.output<typeof placeSchema>;

export const preferencesSchema = z.object({
  theme: z.enum(themes).default('system'),
  language: z.enum(languages).default('system'),
  place: placeSchema.default({ screen: 'dashboard' }),
  /** Rows of the dashboard by the server that is protected. */
  grouped: z.boolean().default(false),
  /** Desktop notifications of what needs a person. */
  notifications: z.boolean().default(true),
});
export type Preferences = z.output<typeof preferencesSchema>;
export const DEFAULT_PREFERENCES: Preferences = preferencesSchema.parse({});
export const preferenceChangesSchema = z.strictObject({
  theme: z.enum(themes).optional(),
  language: z.enum(languages).optional(),
  place: placeSchema.optional(),
  grouped: z.boolean().optional(),
  notifications: z.boolean().optional(),
});
