import { z } from 'zod';

/** A verification by itself, again and again. */
export const verifyScheduleSchema = z.strictObject({
  /** As cron has it: minute hour day month weekday, in the source's local time; `0 3 * * 0` is Sundays at three. */
  cron: z.string().min(1).max(256),
  /** What differs is sent. */
  repair: z.boolean().default(false),
});
export type VerifySchedule = z.output<typeof verifyScheduleSchema>;
