import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawFromText } from '@understudy/base';
import { type InterceptorEvent, InterceptorRefusal } from '@understudy/engine';
import { openSourceTree } from '@understudy/filesystem';
import { decodeRecord, type OperationRecord, peekLength, Verb } from '@understudy/wire';
import { afterEach, describe, expect, it } from 'vitest';
import { WatchInterceptor, type WatchOptions } from './watch-interceptor.ts';

const cannotRun = process.getuid?.() === 0 ? null : 'file handles need root';
if (cannotRun !== null) console.warn(`the watch driver's tests are skipped: ${cannotRun}`);

const cleanUps: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

async function setUp(options: Partial<WatchOptions> = {}) {
  const top = mkdtempSync(join(tmpdir(), 'understudy-watch-'));
  mkdirSync(join(top, 'data'));
  const interceptor = new WatchInterceptor({ openFiles: (rootPath) => openSourceTree({ rootPath }), ...options });
  cleanUps.push(async () => {
    await interceptor.close(false);
    rmSync(top, { recursive: true, force: true });
  });
  const events: InterceptorEvent[] = [];
  interceptor.onEvent((event) => events.push(event));
  return { top, data: join(top, 'data'), interceptor, events };
}

/** Waits for the driver's own signal until a record fits. */
function recordWhere(interceptor: WatchInterceptor, fits: (r: OperationRecord) => boolean): Promise<OperationRecord> {
  return new Promise((resolve) => {
    interceptor.onReadable(() => {
      interceptor.drain((bytes) => {
        for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
          const r = decodeRecord(bytes, at);
          if (fits(r)) resolve({ ...r, data: r.data.slice() });
        }
      });
    });
  });
}

describe.skipIf(cannotRun !== null)('the watch driver on a real directory', () => {
  it('a notice makes a change arrive without anyone asking, long before the period', async () => {
    const { data, interceptor } = await setUp({ periodMs: 3_600_000, gatherMs: 5 });
    await interceptor.protect(rawFromText(data));
    const arrived = recordWhere(interceptor, (r) => r.verb === Verb.write);
    // Written again and again, because nothing tells when the notices have begun.
    const writing = setInterval(() => writeFileSync(join(data, 'f'), `now ${process.hrtime.bigint()}`), 20);
    cleanUps.unshift(() => Promise.resolve(clearInterval(writing)));
    expect(new TextDecoder().decode((await arrived).data)).toMatch(/^now \d+$/);
  });

  it('[FSI6] the periodic scan finds what no notice told', async () => {
    const { data, interceptor, events } = await setUp({ periodMs: 50, maxDirectories: 0, gatherMs: 3_600_000 });
    await interceptor.protect(rawFromText(data));
    writeFileSync(join(data, 'f'), 'quiet');
    const found = await recordWhere(interceptor, (r) => r.verb === Verb.write);
    expect(new TextDecoder().decode(found.data)).toBe('quiet');
    expect(events.filter((event) => event.kind === 'failed')).toEqual([]);
  });

  it('more than fits the ring waits for the consumer and is not lost', async () => {
    const { data, interceptor } = await setUp({ ringBytes: 300_000 });
    await interceptor.protect(rawFromText(data));
    const content = Buffer.alloc(2_000_000, 7);
    writeFileSync(join(data, 'large'), content);
    const barrier = interceptor.barrier();
    let bytes = 0;
    while (!interceptor.passed(barrier)) {
      expect(interceptor.status().ringUsed).toBeLessThanOrEqual(300_000);
      interceptor.drain((batch) => {
        for (let at = 0; at < batch.length; at += peekLength(batch, at)) bytes += decodeRecord(batch, at).data.length;
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    interceptor.drain((batch) => {
      for (let at = 0; at < batch.length; at += peekLength(batch, at)) bytes += decodeRecord(batch, at).data.length;
    });
    expect(bytes).toBeGreaterThanOrEqual(content.length);
    expect(interceptor.status().dirtyNotes).toBe(0);
  });

  it('[SAFE1] a directory that is gone is a gap and an event, and deletes nothing', async () => {
    const { top, data, interceptor, events } = await setUp({ periodMs: 30 });
    writeFileSync(join(data, 'precious'), 'x');
    const root = await interceptor.protect(rawFromText(data));
    const verbs: number[] = [];
    const gap = recordWhere(interceptor, (r) => {
      verbs.push(r.verb);
      return r.verb === Verb.gap && r.root === root.id;
    });
    renameSync(data, join(top, 'elsewhere'));
    mkdirSync(data);
    await gap;
    expect(verbs).not.toContain(Verb.unlink);
    expect(events.map((event) => event.kind)).toEqual(['unmounted']);
    expect(events[0]?.sentence).toContain('nothing is deleted on the replica');
  });

  it('[FSI7] a directory that cannot be read by handle is refused', async () => {
    const { data, interceptor } = await setUp({
      openFiles: () => {
        throw new Error('EOPNOTSUPP');
      },
    });
    await expect(interceptor.protect(rawFromText(data))).rejects.toBeInstanceOf(InterceptorRefusal);
    expect(interceptor.roots()).toEqual([]);
  });
});
