import { brand } from '@understudy/base';
import {
  encodeRecord,
  FrameType,
  type JobChanges,
  type JobCreate,
  NO_ATTRIBUTES,
  NO_LIMITS,
  position,
  record,
  Verb,
} from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { raw } from '../testing/fake-interceptor.ts';
import type { FakeLink } from '../testing/fake-link.ts';
import { JobScene } from '../testing/scene-of-jobs.ts';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
/** Of the send queue: so much travels at a time. */
const PACKET = 260 * 1024;
/** Three of these fill a packet. */
const WRITE = 80 * 1024;
const FILE = brand<ReturnType<typeof record>['node']>(7n);

const NAMED = { ...NO_ATTRIBUTES, mode: 0o100644, nlink: 1 };

/** A job that runs, by a clock that the test sets: its fake target has what it has acknowledged, its interceptor what is written. */
class Sent {
  readonly scene = new JobScene();
  #link!: FakeLink;
  #sequence = 0;

  async begin(more: Partial<JobCreate> = {}): Promise<void> {
    await this.scene.create('files', more);
    await this.scene.jobs.start('files');
    this.#link = await this.scene.welcome();
    this.#link.arriveJson(FrameType.condition, { state: 'ok', code: '', sentence: '' });
  }

  /** As `begin`; the first mirror has come to its end, and a file is there. */
  async protect(more: Partial<JobCreate> = {}): Promise<void> {
    await this.begin(more);
    this.settle();
    expect(this.scene.events).toContain('files mirror-ended');
    this.#record({ verb: Verb.create, parent: brand<typeof FILE>(1n), name: raw('text') });
    this.settle();
  }

  /** A turn of the pump comes before it. */
  get status() {
    return this.scene.jobs.status('files');
  }

  get rests(): string | undefined {
    const { state, reason } = this.status;
    return state === 'paused' ? reason?.code : undefined;
  }

  get packets(): number[] {
    void this.status;
    return this.#operations.map(({ payload }) => payload.length);
  }

  /** Bytes of packets since the last call. */
  get gone(): number {
    const all = this.packets.reduce((sum, length) => sum + length, 0);
    const gone = all - this.#counted;
    this.#counted = all;
    return gone;
  }
  #counted = 0;

  write(bytes: number): void {
    for (let at = 0; at < bytes; at += WRITE) {
      const data = new Uint8Array(Math.min(WRITE, bytes - at));
      this.#record({ verb: Verb.write, offset: this.#sequence * 2 * WRITE, extent: data.length, data });
    }
    void this.status;
  }

  async edit(changes: JobChanges): Promise<void> {
    const { revision } = this.scene.jobs.kept('files');
    await this.scene.jobs.edit({ name: 'files', revision, changes });
  }

  limit(limits: Partial<typeof NO_LIMITS>): Promise<void> {
    return this.edit({ transmit: { ...NO_LIMITS, ...limits } });
  }

  passes(ms: number): void {
    vi.advanceTimersByTime(ms);
  }

  /** The target has applied whatever was sent. */
  acknowledge(): void {
    const to = this.#operations.at(-1)?.to ?? position(0);
    this.#link.arrive({ type: FrameType.acknowledge, from: to, to });
  }

  /** Until the target has all there is and the job has noticed: what may go goes. */
  settle(): void {
    for (let before = -1; before !== this.packets.length; this.passes(SECOND)) {
      before = this.packets.length;
      this.acknowledge();
    }
    this.#counted = this.packets.reduce((sum, length) => sum + length, 0);
  }

  get #operations() {
    return this.#link.sent.filter(({ type }) => type === FrameType.operations);
  }

  #record(of: Parameters<typeof record>[0]): void {
    this.#sequence += 1;
    const root = this.scene.fuse.roots()[0]?.id ?? 0;
    const bytes = encodeRecord(
      record({ sequence: this.#sequence, timeMs: Date.now(), root, node: FILE, attributes: NAMED, ...of }),
    );
    this.scene.fuse.records.push(bytes);
  }
}

describe('[SCM4] how a running job sends', () => {
  let job: Sent;
  beforeEach(() => {
    const toFake = ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date', 'performance'] as const;
    // A Monday.
    vi.useFakeTimers({ toFake: [...toFake], now: new Date(2026, 0, 5, 12, 0) });
    job = new Sent();
  });
  afterEach(async () => {
    await job.scene.close();
    vi.useRealTimers();
  });

  it('an interval: what has gathered goes within a second of its beginning, and at once when it is taken away', async () => {
    await job.protect();
    await job.limit({ everyMinutes: 15 });
    job.write(1000);
    expect(job.gone).toBeGreaterThan(1000);
    job.settle();
    expect(job.rests).toBe('waiting-for-interval');
    job.write(2000);
    job.passes(14 * MINUTE);
    expect([job.gone, job.rests]).toEqual([0, 'waiting-for-interval']);
    job.passes(MINUTE);
    expect(job.gone).toBeGreaterThan(2000);
    job.settle();
    job.write(3000);
    expect(job.gone).toBe(0);
    await job.limit({});
    expect([job.gone > 3000, job.rests]).toEqual([true, undefined]);
  });

  it('a shorter interval holds at once', async () => {
    await job.protect();
    await job.limit({ everyMinutes: 600 });
    job.settle();
    job.write(1000);
    expect(job.gone).toBe(0);
    await job.limit({ everyMinutes: 5 });
    expect(job.gone).toBeGreaterThan(1000);
  });

  it('a size: nothing goes before it waits, all of it within a second then, and another size holds at once', async () => {
    await job.protect();
    await job.limit({ startAtBytes: 100_000 });
    job.write(60_000);
    job.passes(MINUTE);
    expect([job.gone, job.rests]).toEqual([0, 'waiting-for-queue-size']);
    expect(job.status.reason?.sentence).toMatch(
      /^Transmission rests\. It goes on when 100000 bytes wait \(now 60\d\d\d\)/,
    );
    job.write(60_000);
    job.passes(SECOND);
    expect(job.gone).toBeGreaterThan(120_000);
    job.settle();
    job.write(30_000);
    job.passes(SECOND);
    expect([job.gone, job.rests]).toEqual([0, 'waiting-for-queue-size']);
    await job.limit({ startAtBytes: 20_000 });
    expect(job.gone).toBeGreaterThan(30_000);
  });

  it('a size does not keep back the first mirror, nor one that is asked for', async () => {
    await job.begin({ transmit: { ...NO_LIMITS, startAtBytes: 2 ** 40 } });
    job.settle();
    expect([job.status.mirror.state, job.rests]).toEqual(['idle', 'waiting-for-queue-size']);
    expect(job.scene.events).toContain('files mirror-ended');
    await job.scene.jobs.mirror({ name: 'files', compare: 'checksum', blockSize: null });
    job.passes(SECOND);
    expect(job.gone).toBeGreaterThan(0);
    job.settle();
    expect(job.scene.events.filter((event) => event === 'files mirror-ended')).toHaveLength(2);
    expect([job.status.mirror.state, job.rests]).toEqual(['idle', 'waiting-for-queue-size']);
  });

  it('a size that the queue never reaches: it goes when the queue is full, and what was let go of is repaired', async () => {
    await job.protect();
    await job.limit({ startAtBytes: 2 ** 40 });
    job.write(900_000);
    job.passes(MINUTE);
    expect([job.gone, job.rests]).toEqual([0, 'waiting-for-queue-size']);
    job.write(400_000);
    job.passes(SECOND);
    expect(job.scene.events).toContain('files queue-full');
    expect(job.gone).toBeGreaterThan(0);
    job.settle();
    expect(job.scene.events).toContain('files repair-ended');
    expect([job.status.replication.dirty, job.rests]).toEqual([undefined, 'waiting-for-queue-size']);
  });

  it('so many bytes: it stops with the packet that reaches them, goes on when the next is due, and at once without a limit', async () => {
    await job.protect();
    await job.limit({ everyMinutes: 60, stopAfterBytes: 300_000 });
    job.write(12 * WRITE);
    const once = job.gone;
    expect(once).toBeGreaterThan(300_000);
    expect(once).toBeLessThan(300_000 + PACKET);
    expect(job.rests).toBe('stopped-after-bytes');
    job.passes(59 * MINUTE);
    expect(job.gone).toBe(0);
    job.passes(MINUTE + SECOND);
    expect(job.gone).toBeGreaterThan(300_000);
    expect(job.rests).toBe('stopped-after-bytes');
    job.acknowledge();
    job.write(5 * WRITE);
    expect(job.gone).toBe(0);
    await job.limit({});
    expect(job.gone).toBeGreaterThan(5 * WRITE);
  });

  it('a window over midnight: it opens and ends within a second, on its days only', async () => {
    await job.protect();
    await job.limit({ windows: [{ days: ['mon'], from: 22 * 60, to: 6 * 60 }] });
    job.write(1000);
    job.passes(10 * 60 * MINUTE - MINUTE);
    expect([job.gone, job.rests]).toEqual([0, 'outside-window']);
    vi.setSystemTime(new Date(2026, 0, 5, 22, 0));
    job.passes(SECOND);
    expect(job.gone).toBeGreaterThan(1000);
    vi.setSystemTime(new Date(2026, 0, 6, 5, 59, 58));
    job.passes(SECOND);
    job.write(1000);
    expect(job.gone).toBeGreaterThan(1000);
    job.passes(2 * SECOND);
    job.write(1000);
    expect([job.gone, job.rests]).toEqual([0, 'outside-window']);
    vi.setSystemTime(new Date(2026, 0, 6, 23, 0));
    job.passes(SECOND);
    expect([job.gone, job.rests]).toEqual([0, 'outside-window']);
  });

  it('a rate by days and hours, over midnight: it comes and goes within a second, and another one holds at once', async () => {
    const nightly = { days: ['mon' as const], from: 22 * 60, to: 6 * 60 };
    await job.protect({ bandwidthWindows: [{ ...nightly, rate: 100_000 }] });
    const at = (day: number, hour: number, minute: number): number | null | undefined => {
      vi.setSystemTime(new Date(2026, 0, day, hour, minute));
      job.passes(SECOND);
      return job.status.transmission?.limit;
    };
    expect([at(5, 21, 59), at(5, 22, 0), at(6, 5, 59), at(6, 6, 0), at(6, 22, 0)]).toEqual([
      ...[null, 100_000, 100_000, null, null],
    ]);
    expect(at(12, 23, 0)).toBe(100_000);
    job.write(9 * WRITE);
    expect(job.packets.slice(-1)).toEqual([expect.any(Number)]);
    const first = job.gone;
    expect(first).toBeLessThan(PACKET);
    job.passes(2 * SECOND);
    expect(job.gone).toBe(0);
    job.passes(SECOND);
    expect(job.gone).toBeGreaterThan(2 * WRITE);
    await job.edit({ bandwidthWindows: [{ ...nightly, rate: 10_000_000 }] });
    job.passes(SECOND);
    expect(job.gone).toBeGreaterThan(2 * WRITE);
    await job.edit({ bandwidthWindows: [], bandwidth: 50_000 });
    expect(job.status.transmission?.limit).toBe(50_000);
  });
});
