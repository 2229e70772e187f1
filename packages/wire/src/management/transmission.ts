/**
 * When and how fast a job may send. Times are the source server's own local time, its daylight saving included.
 * Promise: what is accepted here makes sense by itself; the sentences say what would.
 */
import { z } from 'zod';

export const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
export type Day = (typeof DAYS)[number];

const MINUTES_A_DAY = 1440;
const minuteOfDay = z.number().int().min(0).max(MINUTES_A_DAY);

/**
 * Begins on each of the days at minute `from` and ends at minute `to`; where `to` is not after `from` that is on the next day. Equal:
 * a whole day.
 */
export const windowSchema = z.strictObject({
  days: z
    .array(z.enum(DAYS))
    .min(1, 'a window needs at least one day')
    .max(7)
    .refine((days) => new Set(days).size === days.length, 'a window names each day once'),
  from: minuteOfDay.max(MINUTES_A_DAY - 1),
  to: minuteOfDay,
});
export type TimeWindow = z.output<typeof windowSchema>;

/** Bytes per second on the wire. Below the least a single packet would take minutes. */
export const SLOWEST_RATE = 8 * 1024;
/** A terabit per second. */
export const FASTEST_RATE = 125_000_000_000;
export const rateSchema = z
  .number()
  .int()
  .min(SLOWEST_RATE, `a rate is at least ${SLOWEST_RATE} bytes per second (65.6kbit)`)
  .max(FASTEST_RATE, 'a rate is at most 1000Gbit; without a limit it is none');

/** Within the window this rate holds instead of the job's own; null: no limit. The first that holds is taken. */
export const rateWindowSchema = windowSchema.extend({ rate: rateSchema.nullable() });
export type RateWindow = z.output<typeof rateWindowSchema>;

/** Of what a transmission ends after. */
export const LEAST_PORTION = 64 * 1024;

export const transmitSchema = z
  .strictObject({
    /** Only within one of these; none: at any time. */
    windows: z.array(windowSchema).max(64).default([]),
    /** A transmission begins this often and ends when nothing waits any more; null: not limited so. */
    everyMinutes: z.number().int().min(1).max(10_080).nullable().default(null),
    /** … or when this many bytes wait, or a mirror, a repair or a verification does. */
    startAtBytes: z.number().int().min(1).max(Number.MAX_SAFE_INTEGER).nullable().default(null),
    /** A transmission ends with the packet that reaches this many bytes on the wire, until the next one is due. */
    stopAfterBytes: z
      .number()
      .int()
      .min(
        LEAST_PORTION,
        'a transmission cannot stop after less than 64 KiB: it ends with a whole packet, which is often longer than that',
      )
      .max(Number.MAX_SAFE_INTEGER)
      .nullable()
      .default(null),
  })
  .refine(
    (limits) => limits.stopAfterBytes === null || limits.everyMinutes !== null || limits.windows.length > 0,
    'what stops after so many bytes would never begin again: say when, with a window or an interval',
  );
export type TransmitLimits = z.output<typeof transmitSchema>;
export const NO_LIMITS: TransmitLimits = { windows: [], everyMinutes: null, startAtBytes: null, stopAfterBytes: null };
