/** For tests: a status, a server, an end, as an agent tells them of a job that is well. */
import type { JobStatus } from '@understudy/wire';
import type { JobEnd, LinkView, ServerView } from './shared/view.ts';

export function statusOf(changes: Partial<JobStatus> = {}): JobStatus {
  return {
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
    actions: ['pause', 'stop', 'mirror', 'verify', 'flush'],
    ...changes,
  };
}

export const LIVE: LinkView = { state: 'live', sinceMs: 1000 };
export const LOST: LinkView = { state: 'lost', sinceMs: 5000, code: 'disconnected', sentence: 'gone', nextTryMs: 9000 };

export function serverOf(name: string, link: LinkView = LIVE, clockOffsetMs = 0): ServerView {
  return {
    name,
    address: `${name}.example.org:7320`,
    fingerprint: 'a'.repeat(64),
    role: 'admin',
    addedAt: '2026-11-22T12:00:00.000Z',
    link,
    info: {
      version: '0.1.0',
      role: 'admin',
      home: '/var/lib/understudy',
      listen: '0.0.0.0:7320',
      startedAt: '2026-11-22T12:00:00.000Z',
      residentBytes: 1,
      clockOffsetMs,
    },
  };
}

export const endOf = (server: string, changes: Partial<JobStatus> = {}, heardMs = 1000): JobEnd => ({
  server,
  status: statusOf(changes),
  heardMs,
});
