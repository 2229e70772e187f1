/** For tests: a status, a server, an end, as an agent tells them of a job that is well. */
import { statusOf as toldStatusOf } from '@understudy/sdk/testing';
import type { JobStatus } from '@understudy/wire';
import type { JobEnd, LinkView, ServerView } from './shared/view.ts';

export const statusOf = (changes: Partial<JobStatus> = {}): JobStatus =>
  toldStatusOf({ actions: ['pause', 'stop', 'edit', 'mirror', 'verify', 'flush'], ...changes });

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

export const endOf = (server: string, changes: Partial<JobStatus> = {}): JobEnd => ({
  server,
  status: statusOf(changes),
});
