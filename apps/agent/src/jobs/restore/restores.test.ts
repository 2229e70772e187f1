import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { StoredJob } from '../stored-job.ts';
import { RestoreStore } from './restore-store.ts';
import { type RestoreParts, Restores } from './restores.ts';

const JOB = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const server = (name: string) => ({ name, address: `${name}:7320`, fingerprint: 'a'.repeat(64) });
const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });

describe('[FO1] a restore that was under way when the agent was killed', () => {
  let home: string;
  let left: string[];
  let untold: string | null;
  let events: string[];
  let opened: string[];
  const stored = (id: string): StoredJob =>
    ({
      ...{ id, revision: 1, epoch: 1, started: true, paused: false, restore: true },
      definition: {
        ...{
          name: 'files-restore',
          sourceName: 'beta',
          target: server('gamma'),
          include: [path(join(home, 'replica'))],
          exclude: [],
        },
        ...{ to: null, intercept: 'auto', mode: 'async', compression: 'none', bandwidth: null },
      },
    }) as StoredJob;
  const record = (more: object = {}) => ({
    ...{ jobId: JOB, jobName: 'files', stored: stored(randomUUID()), places: ['/srv'], by: 'admin' },
    ...{ startedAt: new Date(0).toISOString(), endedAt: null, phase: 'copying' as const, reason: null, left: false },
    ...more,
  });
  const restores = () =>
    new Restores({
      home,
      agentName: 'beta',
      targets: { kept: () => [{ stored: { jobId: JOB, jobName: 'files' } }], open: () => null },
      jobs: { remove: () => {} },
      openFiles: (directory: string) => {
        opened.push(directory);
        throw new Error('The replica cannot be read.');
      },
      surroundings: {
        homePath: join(home, 'agent'),
        forgetQueue: () => false,
        leave: async ({ id }: StoredJob) => {
          left.push(id);
          return untold;
        },
        event: ({ code }: { code: string }) => events.push(code),
        fault: (error: unknown) => events.push(String(error)),
      },
    } as unknown as RestoreParts);

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'understudy-restores-'));
    mkdirSync(join(home, 'replica'));
    [left, untold, events, opened] = [[], null, [], []];
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is not begun anew once it was over: the other server may have let go of it, and is told again', async () => {
    const reason = null;
    const one = record({ ending: { phase: 'done', reason } });
    new RestoreStore(home).save(one);
    const all = restores();
    expect(all.refusal(JOB)?.sentence).toContain('is being copied to gamma');
    await all.restore();
    await vi.waitFor(() => expect(events).toEqual(['restore-done']));
    expect([left, opened]).toEqual([[one.stored.id], []]);
    expect(all.status('files')).toMatchObject({ phase: 'done', reason: null });
    expect(all.refusal(JOB)).toBeNull();
    expect(new RestoreStore(home).get(JOB)).toMatchObject({ phase: 'done', left: true });
    await all.close();
  });

  it('goes on; where it cannot it ends with the reason, and the other server hears of that as soon as it answers', async () => {
    new RestoreStore(home).save(record());
    untold = 'gamma cannot be reached';
    const all = restores();
    await all.restore();
    expect(all.status('files')).toMatchObject({
      phase: 'halted',
      reason: { code: 'failed', sentence: 'The replica cannot be read.' },
    });
    expect(new RestoreStore(home).get(JOB)?.left).toBe(false);
    await all.close();
    untold = null;
    const again = restores();
    await again.restore();
    await vi.waitFor(() => expect(new RestoreStore(home).get(JOB)?.left).toBe(true));
    expect(left).toHaveLength(2);
    await again.close();
  });

  it('a record that was damaged is named, and left as it is', () => {
    new RestoreStore(home).save(record());
    const file = join(home, 'restores', `${JOB}.json`);
    writeFileSync(file, '{ "jobId"');
    expect(restores).toThrow(new RegExp(`${file} is damaged`));
    expect(readFileSync(file, 'utf8')).toBe('{ "jobId"');
  });
});
