/** How large each piece of work is. `quick` is for a look in between; its figures are not comparable with the full ones. */
export interface Sizes {
  readonly quick: boolean;
  readonly latencySamples: number;
  readonly slowLatencySamples: number;
  readonly burstFiles: number;
  readonly largeBytes: number;
  readonly renameFiles: number;
  readonly orderSeconds: number;
  readonly images: number;
  readonly events: number;
  readonly costSeconds: number;
  readonly sequentialBytes: number;
  readonly manyFiles: number;
  readonly outageBytes: number;
  readonly contentBytes: number;
  readonly limitedSeconds: number;
  readonly verifyBytes: number;
  /** Written in a round to a file of four times as much. */
  readonly undoBytes: number;
  readonly fleet: { readonly servers: number; readonly jobsEach: number };
  readonly consoleCostSeconds: number;
  /** Statuses that each job tells while the console's memory is looked at, and how often. */
  readonly consoleUpdates: number;
  readonly consoleEveryMs: number;
}

const MIB = 1024 * 1024;

export const full: Sizes = {
  quick: false,
  latencySamples: 1000,
  slowLatencySamples: 20,
  burstFiles: 10_000,
  largeBytes: 1024 * MIB,
  renameFiles: 256,
  orderSeconds: 30,
  images: 34,
  events: 30_000,
  costSeconds: 2,
  sequentialBytes: 512 * MIB,
  manyFiles: 200_000,
  outageBytes: 10 * 1024 * MIB,
  contentBytes: 384 * MIB,
  limitedSeconds: 8,
  verifyBytes: 2048 * MIB,
  undoBytes: 64 * MIB,
  fleet: { servers: 500, jobsEach: 4 },
  consoleCostSeconds: 60,
  consoleUpdates: 3600,
  consoleEveryMs: 1000,
};

export const quick: Sizes = {
  quick: true,
  latencySamples: 200,
  slowLatencySamples: 5,
  burstFiles: 2000,
  largeBytes: 256 * MIB,
  renameFiles: 64,
  orderSeconds: 8,
  images: 8,
  events: 6000,
  costSeconds: 0.5,
  sequentialBytes: 128 * MIB,
  manyFiles: 20_000,
  outageBytes: 1024 * MIB,
  contentBytes: 96 * MIB,
  limitedSeconds: 4,
  verifyBytes: 512 * MIB,
  undoBytes: 16 * MIB,
  fleet: { servers: 500, jobsEach: 4 },
  consoleCostSeconds: 30,
  consoleUpdates: 120,
  consoleEveryMs: 500,
};
