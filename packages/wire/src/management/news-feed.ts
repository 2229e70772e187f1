/**
 * What one listener is told of jobs, and when. In: their statuses, one after the other, and whose figures he sees. Out: news, those of one
 * turn together. Promised: what is more than a figure is told at once, and with it whatever else has changed of that job; no figure is held
 * back for longer than was asked for, and the newest is told in the end.
 */
import { type FiguresAsked, isNews, monitorLightOf } from './figures.ts';
import type { JobStatus } from './job.ts';
import { type JobNews, StatusTeller } from './status-changes.ts';

export interface NewsFeedParts {
  readonly push: (news: JobNews[]) => void;
  /** At the end of this turn. */
  readonly soon: (work: () => void) => void;
  /** Returns what calls it off. */
  readonly later: (ms: number, work: () => void) => () => void;
}

export class NewsFeed {
  readonly #parts: NewsFeedParts;
  readonly #teller = new StatusTeller();
  /** The newest status of jobs of which nothing but figures is not told yet. */
  readonly #held = new Map<string, JobStatus>();
  #seen: ReadonlySet<string> = new Set();
  /** Null: nothing is held back. */
  #everyMs: number | null = null;
  #callOff: (() => void) | null = null;
  #news: JobNews[] = [];

  constructor(parts: NewsFeedParts, asked: FiguresAsked | null = null) {
    this.#parts = parts;
    this.retune(asked);
  }

  /** Null: the job was deleted. */
  tell(name: string, status: JobStatus | null): void {
    this.#held.delete(name);
    if (this.#everyMs === null || this.#seen.has(name)) this.#say(this.#teller.tell(name, status));
    else this.#tellOrHold(name, status, this.#everyMs);
  }

  /** What he sees from now on is told as it comes, and what was held back of it before this returns; null: everything. */
  retune(asked: FiguresAsked | null): void {
    this.#seen = new Set(asked?.of);
    const everyMs = asked?.othersEveryMs ?? null;
    if (everyMs !== this.#everyMs) this.#release();
    this.#everyMs = everyMs;
    for (const [name, status] of this.#held) if (this.#seen.has(name)) this.tell(name, status);
    this.#pushNow();
  }

  stop(): void {
    this.#callOff?.();
    this.#callOff = null;
    this.#held.clear();
  }

  #tellOrHold(name: string, status: JobStatus | null, everyMs: number): void {
    const one = this.#teller.tell(name, status, (changes, before, now) => {
      if (isNews(changes, monitorLightOf(before) === monitorLightOf(now))) return true;
      this.#held.set(name, now);
      return false;
    });
    this.#say(one);
    if (this.#held.size > 0) this.#callOff ??= this.#parts.later(everyMs, () => this.#release());
  }

  #release(): void {
    this.#callOff?.();
    this.#callOff = null;
    for (const [name, status] of this.#held) this.#say(this.#teller.tell(name, status));
    this.#held.clear();
  }

  #say(one: JobNews | null): void {
    if (one === null) return;
    if (this.#news.length === 0) this.#parts.soon(() => this.#pushNow());
    this.#news.push(one);
  }

  #pushNow(): void {
    const news = this.#news;
    this.#news = [];
    if (news.length > 0) this.#parts.push(news);
  }
}
