import { describe, expect, it } from 'vitest';
import type { CookieOutcome } from '../../ports.ts';
import { CookieWatch } from './cookie-watch.ts';

const OK: CookieOutcome = { written: true };
const GONE: CookieOutcome = { written: false, errno: 'ENOENT', what: 'answered with ENOENT' };

class Scene {
  readonly said: string[] = [];
  readonly written: number[] = [];
  notes = 0;
  held = false;
  nowMs = 0;
  readonly #waiting: ((outcome: CookieOutcome) => void)[] = [];
  readonly watch = new CookieWatch({
    intervalMs: 5000,
    limitMs: 30_000,
    first: 100,
    path: (root) => `/root${root}`,
    write: (_root, number) => {
      this.written.push(number);
      return new Promise((resolve) => this.#waiting.push(resolve));
    },
    held: () => this.held,
    notes: () => this.notes,
    doubted: (root, { hop, reason }) => this.said.push(`doubt ${root} ${hop} ${reason.sentence}`),
    certain: (root) => this.said.push(`certain ${root}`),
    gap: (root) => this.said.push(`gap ${root}`),
  });

  constructor() {
    this.watch.begin(1);
    this.watch.tick(this.nowMs);
  }

  /** The oldest call that has not come back comes back. */
  async answer(outcome: CookieOutcome): Promise<void> {
    this.#waiting.shift()?.(outcome);
    await new Promise<void>((resolve) => queueMicrotask(resolve));
  }

  pass(ticks: number, eachMs = 5000): void {
    for (let i = 0; i < ticks; i += 1) {
      this.nowMs += eachMs;
      this.watch.tick(this.nowMs);
    }
  }

  /** A whole round that goes well. */
  async round(): Promise<void> {
    await this.answer(OK);
    this.watch.came(1, this.written.at(-1) ?? 0);
    this.pass(1);
  }
}

describe('[FSI6] cookies through the interceptor', () => {
  it('one is written at once and then every interval, and nothing is said while they come', async () => {
    const scene = new Scene();
    for (let i = 0; i < 20; i += 1) await scene.round();
    expect(scene.written).toHaveLength(21);
    expect(new Set(scene.written).size).toBe(21);
    expect(scene.said).toEqual([]);
  });

  it('a call that does not come back: none other is written, and the hop is named once', async () => {
    const scene = new Scene();
    await scene.round();
    scene.pass(20);
    expect(scene.written).toHaveLength(2);
    expect(scene.said).toEqual([expect.stringMatching(/^doubt 1 written .*\/root1 .*does not come back/)]);
    expect(scene.watch.doubtOf(1)?.reason.code).toBe('audit-not-written');
    await scene.answer(OK);
    scene.watch.came(1, scene.written.at(-1) ?? 0);
    expect(scene.said.at(-1)).toBe('certain 1');
    expect(scene.watch.doubtOf(1)).toBeNull();
  });

  it('a call that fails names the hop and why', async () => {
    const scene = new Scene();
    for (let i = 0; i < 7; i += 1) {
      await scene.answer(GONE);
      scene.pass(1);
    }
    expect(scene.said).toEqual([expect.stringMatching(/^doubt 1 written .*answered with ENOENT.*findmnt/)]);
  });

  it('what was written and does not come out of the ring names the other hop', async () => {
    const scene = new Scene();
    for (let i = 0; i < 7; i += 1) {
      await scene.answer(OK);
      scene.pass(1);
    }
    expect(scene.said).toEqual([expect.stringMatching(/^doubt 1 intercepted .*none has come out/)]);
  });

  it('a cookie that is missing between two others is a gap at once, unless the ring was full and said so', async () => {
    const scene = new Scene();
    await scene.answer(OK);
    scene.pass(1);
    await scene.round();
    expect(scene.said).toEqual(['gap 1']);
    await scene.answer(OK);
    scene.notes += 1;
    scene.pass(1);
    await scene.round();
    expect(scene.said).toEqual(['gap 1']);
  });

  it('one that comes out before its call has come back is not missed', async () => {
    const scene = new Scene();
    for (let i = 0; i < 3; i += 1) {
      scene.watch.came(1, scene.written.at(-1) ?? 0);
      await scene.answer(OK);
      scene.pass(1);
    }
    expect(scene.said).toEqual([]);
  });

  it('a time in which this process itself stood still counts for nothing', async () => {
    const scene = new Scene();
    await scene.round();
    scene.pass(1, 3_600_000);
    expect(scene.said).toEqual([]);
    scene.pass(4);
    expect(scene.said).toHaveLength(1);
  });

  it('cookies of an earlier process, of other roots and of nobody mean nothing', () => {
    const scene = new Scene();
    expect([scene.watch.came(1, 99), scene.watch.came(2, 100), scene.watch.came(1, 4711)]).toEqual([
      false,
      false,
      false,
    ]);
    expect(scene.watch.came(1, 100)).toBe(true);
    scene.watch.end(1);
    expect(scene.watch.came(1, 100)).toBe(false);
    scene.pass(20);
    expect(scene.said).toEqual([]);
  });

  it('[FSI4] one that stands in line behind a call that waits for its target is not missed', async () => {
    const scene = new Scene();
    scene.held = true;
    scene.pass(100);
    expect(scene.said).toEqual([]);
    scene.held = false;
    scene.pass(10);
    expect(scene.said).toEqual([expect.stringContaining('doubt 1 written')]);
  });
});
