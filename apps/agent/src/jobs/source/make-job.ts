/** From a runner's options to the engine's job: with what an earlier process left of it, where that can be trusted. */
import { type JobMemory, noteOnly, type PowerCutOfJob, QueueStoreError, SourceJob } from '@understudy/engine';
import { digest } from '../../ports/digest/digest.ts';
import type { RunnerOptions } from './job-runner.ts';
import type { LeftBehind } from './queue-folder.ts';

/** Packets on their way, whatever their size. */
const WINDOW_PACKETS = 4096;

export function makeJob(options: RunnerOptions): SourceJob {
  const job = makeOrCompare(options);
  const { noteOnly: noting } = options;
  if (noting !== undefined) noteOnly(job, { ...noting, known: job.runs.complete });
  options.survival?.begin(job);
  return job;
}

function makeOrCompare(options: RunnerOptions): SourceJob {
  const { survival } = options;
  const left = survival?.leftBehind ?? null;
  if (left === null) return make(options, null);
  try {
    const job = make(options, left);
    const { powerCut } = left;
    if (powerCut !== undefined && job.path.srm.dirty.reasons().some(({ reason }) => reason === 'power-cut'))
      tellOfPowerCut(options, powerCut);
    else tellOfCompare(options, job, left.memory);
    return job;
  } catch (error) {
    if (!(error instanceof QueueStoreError)) throw error;
    survival?.folder.store?.clear();
    options.event({
      code: 'queue-damaged',
      severity: 'error',
      sentence: `The send queue on disk is damaged (${error.message}): what it held is not known, so that everything is compared.`,
    });
    return make(options, { ...left, memory: { ...left.memory, scopes: [] } });
  }
}

function make(options: RunnerOptions, goesOn: LeftBehind | null): SourceJob {
  const { survival } = options;
  const job: SourceJob = new SourceJob({
    world: {
      lettingGo: () => survival?.beforeLettingGo(job),
      digest,
      wallMs: () => Date.now(),
      barrier: options.barrier,
      passed: options.passed,
      event: options.event,
    },
    next: options.reserve.next,
    limits: { memoryBytes: options.memoryBytes },
    window: { bytes: options.windowBytes, packets: WINDOW_PACKETS },
    audit: options.audit,
    emptied: options.emptied,
    ...(options.mirror === undefined ? {} : { mirror: options.mirror }),
    ...(options.mirrorMemory === undefined ? {} : { mirrorMemory: options.mirrorMemory }),
    ...(survival === undefined ? {} : { store: survival.folder.store }),
    ...(goesOn === null ? {} : { goesOn: { ...goesOn, notes: survival?.scopeNotes() } }),
    roots: options.roots.map(({ root, scope }) => ({ path: root.path, files: root.files, scope })),
  });
  return job;
}

function tellOfPowerCut({ event }: RunnerOptions, { regions }: PowerCutOfJob): void {
  const count = regions.reduce((sum, active) => sum + active.length, 0);
  event({
    code: 'power-cut',
    severity: 'warning',
    sentence:
      `The source lost power: ${count} ${count === 1 ? 'region' : 'regions'} in which it was being changed, and whatever was changed since, are ` +
      'compared with the replica; where they differ the source rules, also where the target was ahead.',
  });
}

function tellOfCompare({ event }: RunnerOptions, job: SourceJob, memory: JobMemory): void {
  if (!memory.complete || job.runs.complete) return;
  event({
    code: 'compare-after-restart',
    severity: 'information',
    sentence:
      'After the restart of the agent both sides are compared: which files the target knows could not be read from what the job had kept.',
  });
}
