/** What options of the command line say about sending, as a job's definition has it: only what was given. */
import { type JobDefinition, NO_LIMITS, type RateWindow, type TimeWindow, type TransmitLimits } from '@understudy/wire';

export interface TransmissionOptions {
  readonly compression?: JobDefinition['compression'] | undefined;
  readonly bandwidth?: number | null | undefined;
  readonly bandwidthAt?: readonly RateWindow[] | undefined;
  readonly transmitWindow?: readonly TimeWindow[] | undefined;
  readonly transmitEvery?: number | null | undefined;
  readonly transmitStartAt?: number | null | undefined;
  readonly transmitStopAfter?: number | null | undefined;
}

type Sending = Partial<Pick<JobDefinition, 'compression' | 'bandwidth' | 'bandwidthWindows' | 'transmit'>>;

/** `before`: limits that stay where nothing else is said. */
export function transmissionOf(options: TransmissionOptions, before: TransmitLimits = NO_LIMITS): Sending {
  const { compression, bandwidth, bandwidthAt } = options;
  const { transmitWindow, transmitEvery, transmitStartAt, transmitStopAfter } = options;
  const limited = [transmitWindow, transmitEvery, transmitStartAt, transmitStopAfter].some((one) => one !== undefined);
  const transmit: TransmitLimits = {
    windows: transmitWindow === undefined ? before.windows : [...transmitWindow],
    everyMinutes: transmitEvery === undefined ? before.everyMinutes : transmitEvery,
    startAtBytes: transmitStartAt === undefined ? before.startAtBytes : transmitStartAt,
    stopAfterBytes: transmitStopAfter === undefined ? before.stopAfterBytes : transmitStopAfter,
  };
  return {
    ...(compression === undefined ? {} : { compression }),
    ...(bandwidth === undefined ? {} : { bandwidth }),
    ...(bandwidthAt === undefined ? {} : { bandwidthWindows: [...bandwidthAt] }),
    ...(limited ? { transmit } : {}),
  };
}
