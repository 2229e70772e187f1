import { FrameType, type Hello, position } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ConnectError } from '../../identity/connect-pinned.ts';
import { FakeLink, welcome } from '../testing/fake-link.ts';
import { JobLink } from './job-link.ts';

const hello = { roots: [] } as unknown as Hello;

class Bench {
  readonly links: FakeLink[] = [];
  readonly heard: string[] = [];
  dials = 0;
  reachable = true;
  nobodyListens = false;
  code: ConnectError['code'] = 'unreachable';
  /** Why there was no link, each time it became another reason. */
  readonly unlinked: string[] = [];
  readonly link = new JobLink({
    dial: async () => {
      this.dials += 1;
      const { nobodyListens } = this;
      if (!this.reachable) throw new ConnectError(this.code, 'connection refused', { nobodyListens });
      const link = new FakeLink();
      this.links.push(link);
      return link;
    },
    epoch: () => 7,
    targetName: 'beta',
    events: {
      hello: () => hello,
      up: ({ resumes }) => this.heard.push(`up ${resumes}`),
      down: () => this.heard.push('down'),
      halt: ({ code }) => this.heard.push(`halt ${code}`),
      unbelievable: (received) => (received > 1000 ? 'it says that it has more than was sent' : null),
      acknowledged: (received, applied) => this.heard.push(`acknowledged ${received} ${applied}`),
      resend: (from) => this.heard.push(`resend ${from}`),
      replies: (replies) => this.heard.push(`replies ${replies.length}`),
      condition: ({ state }) => this.heard.push(`condition ${state}`),
      paused: (paused) => this.heard.push(`paused ${paused}`),
      unlinked: () => this.unlinked.push(this.link.reason.code),
      writable: () => this.heard.push('writable'),
      fault: (error) => this.heard.push(`fault ${error}`),
    },
  });

  get newest(): FakeLink {
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('nothing was dialled');
    return link;
  }

  /** Dialled, and the target has said welcome. */
  async up(): Promise<FakeLink> {
    await vi.advanceTimersByTimeAsync(0);
    this.newest.arriveJson(FrameType.welcome, welcome());
    return this.newest;
  }

  /** How long it waits before each of the next dials, ms. */
  async pauses(count: number): Promise<number[]> {
    const pauses: number[] = [];
    for (let { dials } = this, waited = 0; pauses.length < count; waited += 100) {
      await vi.advanceTimersByTimeAsync(100);
      if (this.dials === dials) continue;
      pauses.push(waited + 100);
      dials = this.dials;
      waited = -100;
    }
    return pauses;
  }
}

describe("a job's link", () => {
  let bench: Bench;
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    bench = new Bench();
  });
  afterEach(() => {
    bench.link.close();
    vi.useRealTimers();
  });

  it('says hello, and is writable from the welcome on', async () => {
    await vi.advanceTimersByTimeAsync(0);
    expect(bench.newest.sent.map(({ type }) => type)).toEqual([FrameType.hello]);
    expect(bench.link.writable).toBe(false);
    bench.newest.arriveJson(FrameType.welcome, welcome({ resumes: true }));
    expect(bench.link.writable).toBe(true);
    expect(bench.heard).toEqual(['up true', 'writable']);
  });

  it('stops writing when the wire is full and goes on when it has drained', async () => {
    const link = await bench.up();
    link.room = false;
    const packet = { from: position(1), to: position(2), count: 2, bytes: new Uint8Array(3) };
    bench.link.send(packet as Parameters<JobLink['send']>[0]);
    expect(link.sent.at(-1)).toMatchObject({ type: FrameType.operations, from: 1, to: 2, records: 2, epoch: 7 });
    expect(bench.link.writable).toBe(false);
    link.drained();
    expect(bench.link.writable).toBe(true);
  });

  it('dials again with growing pauses, up to five seconds', async () => {
    bench.reachable = false;
    await vi.advanceTimersByTimeAsync(0);
    bench.newest.end('lost', 'it broke');
    expect(await bench.pauses(7)).toEqual([200, 400, 800, 1600, 3200, 5000, 5000]);
    expect(bench.link.reason).toEqual({
      code: 'unreachable',
      sentence: 'beta cannot be reached: connection refused',
    });
  });

  it('dials every second where a server says that nobody listens, and no sooner than before where it is silent', async () => {
    Object.assign(bench, { reachable: false, nobodyListens: true });
    await vi.advanceTimersByTimeAsync(0);
    bench.newest.end('lost', 'it broke');
    expect(await bench.pauses(6)).toEqual([200, 400, 800, 1000, 1000, 1000]);
    bench.nobodyListens = false;
    expect(await bench.pauses(2)).toEqual([1000, 5000]);
  });

  it('dials quickly again after a link that held, and more slowly after one that broke at once', async () => {
    for (let i = 0; i < 4; i += 1) {
      (await bench.up()).end('lost', 'it broke');
      await vi.advanceTimersByTimeAsync(5_000);
    }
    const dials = bench.dials;
    (await bench.up()).end('lost', 'it broke');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(bench.dials).toBe(dials);
    await vi.advanceTimersByTimeAsync(4_000);
    const link = await bench.up();
    await vi.advanceTimersByTimeAsync(11_000);
    link.end('lost', 'it broke');
    await vi.advanceTimersByTimeAsync(200);
    expect(bench.dials).toBe(dials + 2);
  });

  it('tells that it is down once, with the reason', async () => {
    (await bench.up()).end('silent', 'nothing was heard');
    expect(bench.heard.filter((what) => what === 'down')).toHaveLength(1);
    expect(bench.link.reason).toMatchObject({
      code: 'link-down',
      sentence: expect.stringContaining('nothing was heard'),
    });
    expect(bench.link.writable).toBe(false);
  });

  it('takes a final refusal for a halt and dials no more', async () => {
    await vi.advanceTimersByTimeAsync(0);
    bench.newest.arriveJson(FrameType.refuse, { code: 'superseded', sentence: 'another server writes' });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.heard).toEqual(['halt superseded']);
    expect(bench.dials).toBe(1);
  });

  it.each(['version', 'not-trusted', 'changed-fingerprint'] as const)(
    '[SAFE7] calls %s by its name, tells of it once, and goes on by itself once it is mended',
    async (code) => {
      Object.assign(bench, { reachable: false, code });
      await vi.advanceTimersByTimeAsync(0);
      bench.newest.end('lost', 'it broke');
      await vi.advanceTimersByTimeAsync(60_000);
      expect(bench.dials).toBeGreaterThan(10);
      expect(bench.link.reason).toMatchObject({ code, sentence: expect.stringMatching(/beta.* connection refused/) });
      bench.reachable = true;
      await vi.advanceTimersByTimeAsync(5_000);
      await bench.up();
      expect([bench.heard, bench.unlinked]).toEqual([
        ['up false', 'writable'],
        ['link-down', code],
      ]);
    },
  );

  it('takes another refusal for the reason and comes again', async () => {
    await vi.advanceTimersByTimeAsync(0);
    bench.newest.arriveJson(FrameType.refuse, { code: 'no-space', sentence: 'the disk is full' });
    expect(bench.link.reason).toEqual({ code: 'no-space', sentence: 'the disk is full' });
    await vi.advanceTimersByTimeAsync(200);
    expect(bench.dials).toBe(2);
    expect(bench.heard).toEqual([]);
  });

  it('passes on what the target says', async () => {
    const link = await bench.up();
    bench.heard.length = 0;
    link.arrive({ type: FrameType.acknowledge, from: position(9), to: position(8) });
    link.arrive({ type: FrameType.resend, from: position(4) });
    link.arrive({ type: FrameType.pause });
    link.arrive({ type: FrameType.resume });
    link.arriveJson(FrameType.condition, { state: 'full', code: 'x', sentence: 'y' });
    link.arriveJson(FrameType.replies, [{ kind: 'want', at: 1, root: 0, node: '5' }]);
    expect(bench.heard).toEqual([
      'acknowledged 9 8',
      'resend 4',
      'paused true',
      'paused false',
      'condition full',
      'replies 1',
    ]);
  });

  it.each([
    ['an acknowledgement before the welcome', false, { type: FrameType.acknowledge }],
    ['a frame that only a source sends', true, { type: FrameType.operations }],
  ])('ends the link at %s', async (_what, up, frame) => {
    await vi.advanceTimersByTimeAsync(0);
    if (up) bench.newest.arriveJson(FrameType.welcome, welcome());
    bench.newest.arrive(frame);
    expect(bench.newest.closed?.end).toBe('protocol');
  });

  it('ends the link at a second welcome and at JSON that breaks its schema', async () => {
    const link = await bench.up();
    link.arriveJson(FrameType.welcome, welcome());
    expect(link.closed?.end).toBe('protocol');
    await vi.advanceTimersByTimeAsync(400);
    bench.newest.arriveJson(FrameType.welcome, { resumes: 'perhaps' });
    expect(bench.newest.closed?.end).toBe('protocol');
  });

  it('ends the link of a target that says it has what was never sent, by welcome or by acknowledgement', async () => {
    const link = await bench.up();
    link.arrive({ type: FrameType.acknowledge, from: position(1001), to: position(7) });
    expect(link.closed).toMatchObject({ end: 'protocol', sentence: expect.stringContaining('more than was sent') });
    await vi.advanceTimersByTimeAsync(400);
    bench.newest.arriveJson(FrameType.welcome, welcome({ resumes: true, received: position(1001) }));
    expect(bench.newest.closed?.end).toBe('protocol');
    expect(bench.heard.filter((heard) => /^(acknowledged|up)/.test(heard))).toHaveLength(1);
  });

  it('tells nothing any more once it is closed, and lets a link that comes late go', async () => {
    await vi.advanceTimersByTimeAsync(0);
    bench.newest.end('lost', 'it broke');
    await vi.advanceTimersByTimeAsync(199);
    const late = vi.advanceTimersByTimeAsync(1);
    bench.link.close();
    await late;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(bench.heard).toEqual([]);
    expect(bench.links.every((link) => link.closed !== null)).toBe(true);
  });
});
