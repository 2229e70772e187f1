import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JobEvent, JobMemory } from '@understudy/engine';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentStore } from '../../ports/segments/index.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';
import { QueueFolder } from './queue-folder.ts';

const LIMITS = { diskBytes: 1 << 20, minFreeBytes: 0, alertShare: 0.8 };
const ENTRIES = 20;

/** As a job leaves its queue; returns the paths of its files. */
async function queued(folder: string): Promise<string[]> {
  mkdirSync(folder, { recursive: true });
  const { store } = SegmentStore.open({ folder, limits: LIMITS, segmentBytes: 64 * 1024 });
  for (let i = 0; i < ENTRIES; i += 1) store.append(Buffer.from('head'), Buffer.alloc(10 * 1024, i + 1));
  store.close();
  await store.flush();
  return readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
}

/** One bit of what was queued. */
function damage(path: string): void {
  const bytes = readFileSync(path);
  bytes[20_000] = (bytes[20_000] ?? 0) ^ 1;
  writeFileSync(path, bytes);
}

describe('[SRM1] a queue on disk that is damaged', () => {
  let folder: string;
  const events: JobEvent[] = [];
  const opened: QueueFolder[] = [];
  const open = (): QueueFolder => {
    const queue = new QueueFolder({ folder, limits: LIMITS, event: (event) => events.push(event) });
    opened.push(queue);
    return queue;
  };
  const memory: JobMemory = {
    complete: true,
    items: [{ kind: 'node', root: 0, node: '12' }],
    reasons: [{ reason: 'moved-in', items: 1 }],
    scopes: [{ exceptions: [], nameless: [] }],
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-queue-'));
    events.length = 0;
    const queue = open();
    expect(queue.leftBehind('key')).toBeNull();
    queue.keep({ key: 'key', streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11', version: 1, memory });
    queue.mark(7, 8, 1);
    queue.close();
  });
  afterEach(() => {
    for (const queue of opened.splice(0)) queue.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('is handed out as it was where nothing is wrong', async () => {
    await queued(join(folder, 'segments'));
    const queue = open();
    expect([queue.leftBehind('key')?.memory, events]).toEqual([memory, []]);
    expect([queue.store?.oldest, queue.store?.next]).toEqual([1, ENTRIES + 1]);
  });

  it.each(['damaged', 'gone'] as const)(
    'because a file of it is %s is named once; nothing of it is handed out, and what is known besides stays',
    async (how) => {
      const [, second = ''] = await queued(join(folder, 'segments'));
      if (how === 'damaged') damage(second);
      else rmSync(second);
      const queue = open();
      const left = queue.leftBehind('key');
      expect(left?.memory).toEqual({ ...memory, scopes: [] });
      expect(queue.store?.oldest).toBe(queue.store?.next);
      expect(events).toEqual([
        {
          code: 'queue-damaged',
          severity: 'error',
          sentence: expect.stringMatching(/entr.* lost.*everything is compared/),
        },
      ]);
      if (how === 'damaged') expect(events[0]?.sentence).toContain(second);
    },
  );
});

describe('[SRM1] [SRM2] a job whose queue on disk is damaged', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
    scene.survives = true;
    scene.jobs = scene.open();
  });
  afterEach(() => scene.close());

  it.each([
    ['all is well', false],
    ['a byte of it is another', true],
  ])(
    'goes on after a restart of the agent, and where its queue is damaged each of its roots is dirty (%s)',
    async (_what, damaged) => {
      const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });
      const more = scene.folder('more');
      const files = scene.folder('files');
      await scene.jobs.create(scene.definition('two', files, { start: true, include: [path(files), path(more)] }));
      const { job } = scene.jobs.drained('two').runner;
      for (const scope of job.path.srm.roots.values()) scope.complete([], []);
      job.runs.complete = true;
      await scene.jobs.close(true);
      const stream = scene.streamLeft('two');
      const [id = ''] = readdirSync(join(scene.top, 'home', 'queue'));
      if (damaged) damage((await queued(join(scene.top, 'home', 'queue', id, 'segments')))[0] ?? '');
      scene.jobs = scene.open();
      await scene.jobs.restore();
      const { dirty } = scene.jobs.drained('two').runner.job.path.srm;
      expect([scene.streamLeft('two'), scene.faults]).toEqual([stream, []]);
      expect(dirty.items()).toEqual(damaged ? [0, 1].map((root) => ({ kind: 'root', root })) : []);
      expect(dirty.reasons()).toEqual(damaged ? [{ reason: 'queue-damaged', items: 2 }] : []);
      expect(scene.events.filter((event) => event === 'two queue-damaged')).toHaveLength(damaged ? 1 : 0);
      const status = scene.jobs.status('two').replication;
      expect(status.dirty).toEqual(damaged ? { items: 2, bytes: 0, reasons: dirty.reasons() } : undefined);
    },
  );
});
