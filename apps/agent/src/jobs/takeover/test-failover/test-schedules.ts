/** Test failovers by themselves. In: which jobs are to be tried when. Out: a call at each of those times. Promise: never two of a job. */
import { scheduleFault, VerifySchedule } from '../../source/verify-schedule.ts';

export interface Scheduled {
  readonly jobId: string;
  readonly cron: string;
}

/** The source may hand over another schedule at any time. */
const LOOK_MS = 10_000;

export class TestSchedules {
  readonly #jobs: () => readonly Scheduled[];
  readonly #run: (jobId: string) => Promise<void>;
  readonly #made = new Map<string, { readonly cron: string; readonly schedule: VerifySchedule }>();
  #timer: NodeJS.Timeout | null = null;

  constructor(jobs: () => readonly Scheduled[], run: (jobId: string) => Promise<void>) {
    this.#jobs = jobs;
    this.#run = run;
  }

  start(): void {
    this.look();
    this.#timer ??= setInterval(() => this.look(), LOOK_MS);
    this.#timer.unref();
  }

  look(): void {
    const wanted = new Map(this.#jobs().map(({ jobId, cron }) => [jobId, cron]));
    for (const [jobId, { cron, schedule }] of this.#made) {
      if (wanted.get(jobId) === cron) continue;
      schedule.close();
      this.#made.delete(jobId);
    }
    // One that this version cannot read is none; the source has said so where it was given.
    for (const [jobId, cron] of wanted)
      if (!this.#made.has(jobId) && scheduleFault(cron) === null)
        this.#made.set(jobId, { cron, schedule: new VerifySchedule(cron, () => this.#run(jobId)) });
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    for (const { schedule } of this.#made.values()) schedule.close();
    this.#made.clear();
  }
}
