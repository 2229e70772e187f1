import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FiguresAsked } from './figures.ts';
import { type JobStatus, jobStatusSchema } from './job.ts';
import { NewsFeed } from './news-feed.ts';
import { type JobNews, StatusBook } from './status-changes.ts';
import { EXAMPLE_STATUS } from './testing/example-status.ts';

const statusOf = (name: string, changes: Partial<JobStatus> = {}): JobStatus => ({
  ...EXAMPLE_STATUS,
  name,
  ...changes,
});
const sent = (name: string, sentBytes: number, changes: Partial<JobStatus> = {}): JobStatus =>
  statusOf(name, { replication: { ...EXAMPLE_STATUS.replication, sentBytes }, ...changes });

/** A feed whose turns and time the test makes pass. */
class Listener {
  readonly feed: NewsFeed;
  readonly messages: JobNews[][] = [];
  readonly book = new Map<string, JobStatus>();
  readonly #book = new StatusBook();
  #soon: (() => void)[] = [];
  timer: { readonly ms: number; readonly work: () => void } | null = null;

  constructor(asked: FiguresAsked | null = null) {
    this.feed = new NewsFeed(
      {
        push: (news) => this.#hear(JSON.parse(JSON.stringify(news)) as JobNews[]),
        soon: (work) => this.#soon.push(work),
        later: (ms, work) => {
          expect(this.timer, 'one timer is enough').toBeNull();
          this.timer = { ms, work };
          return () => {
            this.timer = null;
          };
        },
      },
      asked,
    );
  }

  #hear(news: JobNews[]): void {
    this.messages.push(news);
    for (const one of news) {
      const heard = this.#book.take(one);
      if (typeof heard === 'string') throw new Error(heard);
      if (heard.status === null) this.book.delete(heard.name);
      else this.book.set(heard.name, heard.status);
    }
  }

  turn(): JobNews[] | undefined {
    const before = this.messages.length;
    for (const work of this.#soon.splice(0)) work();
    expect(this.messages.length - before, 'a turn is one message').toBeLessThan(2);
    return this.messages[before];
  }

  tick(): JobNews[] | undefined {
    this.timer?.work();
    return this.turn();
  }
}

const slowly = (...of: string[]): FiguresAsked => ({ of, othersEveryMs: 10_000 });

describe('figures of jobs that nobody sees', () => {
  it('are held, the newest of each is told when their time has come, and nothing where nothing changed', () => {
    const { feed, ...listener } = withTurns(slowly());
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 1));
    expect(listener.turn()).toHaveLength(2);
    for (const bytes of [2, 3]) feed.tell('a', sent('a', bytes));
    feed.tell('b', sent('b', 2));
    feed.tell('b', sent('b', 1));
    expect(listener.turn()).toBeUndefined();
    expect(listener.timer()?.ms).toBe(10_000);
    expect(listener.tick()).toEqual([{ name: 'a', set: { 'replication.sentBytes': 3 }, gone: [] }]);
    expect(listener.timer()).toBeNull();
  });

  it('go along with what is more than a figure, at once', () => {
    const { feed, ...listener } = withTurns(slowly());
    feed.tell('a', sent('a', 1));
    listener.turn();
    feed.tell('a', sent('a', 2));
    feed.tell('a', sent('a', 3, { state: 'halted' }));
    expect(listener.turn()).toEqual([{ name: 'a', set: { state: 'halted', 'replication.sentBytes': 3 }, gone: [] }]);
    expect(listener.tick(), 'and not again').toBeUndefined();
  });

  it('are told as soon as somebody sees them, and held again when he looks away', () => {
    const { feed, ...listener } = withTurns(slowly('b'));
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 1));
    listener.turn();
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 2));
    expect(listener.turn()).toMatchObject([{ name: 'b' }]);
    feed.retune(slowly('a'));
    expect(listener.last()).toMatchObject([{ name: 'a', set: { 'replication.sentBytes': 2 } }]);
    expect(listener.turn()).toBeUndefined();
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 3));
    expect(listener.turn()).toMatchObject([{ name: 'a' }]);
    feed.retune(null);
    expect(listener.last()).toMatchObject([{ name: 'b' }]);
    feed.tell('b', sent('b', 4));
    expect(listener.turn()).toMatchObject([{ name: 'b' }]);
    expect(listener.timer()).toBeNull();
  });

  it('of a job that is deleted are forgotten, and whoever ended the subscription leaves no timer behind', () => {
    const { feed, ...listener } = withTurns(slowly());
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 1));
    listener.turn();
    for (const name of ['a', 'b']) feed.tell(name, sent(name, 2));
    feed.tell('a', null);
    expect(listener.turn()).toEqual([{ name: 'a', status: null }]);
    expect(listener.timer()).not.toBeNull();
    feed.stop();
    expect(listener.timer()).toBeNull();
  });
});

it('whatever comes in whatever order: states are never late, figures never later than asked for, and the end is the newest', () => {
  const name = fc.constantFrom('a', 'b', 'c');
  const step = fc.oneof(
    fc.record({ name, bytes: fc.nat(3), state: fc.constantFrom('protected' as const, 'paused' as const) }),
    fc.record({ deleted: name }),
    fc.record({ asked: fc.option(fc.uniqueArray(name).map((of) => slowly(...of))) }),
    fc.constant('turn' as const),
    fc.constant('tick' as const),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const listener = new Listener(slowly());
      const truth = new Map<string, JobStatus>();
      for (const one of steps) {
        if (one === 'turn') listener.turn();
        else if (one === 'tick') listener.tick();
        else if ('asked' in one) listener.feed.retune(one.asked);
        else if ('deleted' in one) {
          if (!truth.delete(one.deleted)) continue;
          listener.feed.tell(one.deleted, null);
        } else {
          const status = sent(one.name, one.bytes, { state: one.state });
          truth.set(one.name, status);
          listener.feed.tell(one.name, status);
        }
        if (one === 'tick') expect(listener.book).toEqual(truth);
        if (one !== 'turn') continue;
        const states = (of: ReadonlyMap<string, JobStatus>) => [...of].map(([job, { state }]) => [job, state]).sort();
        expect(states(listener.book)).toEqual(states(truth));
      }
      listener.tick();
      expect(listener.book).toEqual(truth);
      for (const status of listener.book.values()) jobStatusSchema.parse(status);
    }),
    { numRuns: 500 },
  );
});

function withTurns(asked: FiguresAsked) {
  const listener = new Listener(asked);
  return {
    feed: listener.feed,
    turn: () => listener.turn(),
    tick: () => listener.tick(),
    timer: () => listener.timer,
    last: () => listener.messages.at(-1),
  };
}
