import type { JobStatus } from '../job.ts';

/** Of a job that is well. */
export const EXAMPLE_STATUS: JobStatus = {
  name: 'files',
  source: 'alpha',
  target: 'beta',
  state: 'protected',
  reason: null,
  targetDataState: 'ok',
  interceptor: 'fuse',
  mirror: {
    ...{ state: 'idle', percent: 100, bytesRemaining: 0, bytesSkipped: 0 },
    ...{ bytesSent: 12, filesDone: 3, filesTotal: 3 },
  },
  replication: {
    ...{ state: 'ready', queuedOperations: 0, queuedBytes: 0, diskQueueBytes: 0 },
    ...{ sentBytes: 4, sentCompressedBytes: 4, lastFileTouched: '/srv/a' },
    dirty: { items: 1, bytes: 2, reasons: [{ reason: 'moved', items: 1 }] },
  },
  recoveryPoint: { time: '2026-11-22T12:00:00.000Z', latencyMs: 3, position: '8123441' },
  exposures: [],
  actions: ['pause', 'stop'],
};
