import type { JobStatus } from '../job.ts';

/** For tests: as an agent tells it of a job that is well. */
export const EXAMPLE_STATUS: JobStatus = {
  name: 'files',
  source: 'alpha',
  target: 'beta',
  state: 'protected',
  reason: null,
  targetDataState: 'ok',
  interceptor: 'fuse',
  mirror: {
    state: 'idle',
    percent: 100,
    bytesRemaining: 0,
    bytesSkipped: 0,
    bytesSent: 1_288_490_189,
    filesDone: 12_034,
    filesTotal: 12_034,
  },
  replication: {
    state: 'ready',
    queuedOperations: 0,
    queuedBytes: 0,
    diskQueueBytes: 0,
    sentBytes: 4_404_019,
    sentCompressedBytes: 4_404_019,
    lastFileTouched: '/srv/data/a',
  },
  recoveryPoint: { time: '2026-11-22T12:00:00.000Z', latencyMs: 3, position: '8123441' },
  exposures: [],
  actions: ['pause', 'stop', 'mirror', 'verify'],
};
