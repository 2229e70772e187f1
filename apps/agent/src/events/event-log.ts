/**
 * events: what an administrator should know, one JSON object a line. In: events without id and time. Out: the log on disk,
 * lists from it, and each new event to who listens. Promised: ids grow across restarts, the log never grows beyond its size, a
 * line that a crash cut off costs that line only, and a disk that cannot take an event never stops the agent.
 */
import {
  closeSync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { type AgentEvent, agentEventSchema, type EventFilter, eventPasses, type Severity } from '@understudy/wire';

export interface EventInput {
  readonly severity: Severity;
  readonly code: string;
  readonly sentence: string;
  /** Absent: it concerns the agent. */
  readonly job?: string | null;
  /** What would help; absent: nothing need be done. */
  readonly advice?: string;
}

/** What may raise events. */
export interface EventSink {
  raise(event: EventInput): AgentEvent;
}

export interface EventLogOptions {
  /** HOME/logs. */
  readonly folder: string;
  /** Of all parts together. */
  readonly bytes: number;
  readonly wallMs?: () => number;
}

const PARTS = 4;
const CACHED = 1000;
const SENTENCE = 4096;
/** Nobody has ever come to it, and from there on there is still room to count. */
const LAST_ID = 2 ** 52;

export class EventLog implements EventSink {
  readonly #folder: string;
  readonly #partBytes: number;
  readonly #wallMs: () => number;
  readonly #listeners = new Set<(event: AgentEvent) => void>();
  #recent: AgentEvent[] = [];
  /** Events with this id and greater are all in `#recent`. */
  #recentFrom: number;
  #fd: number;
  #size: number;
  #last: number;

  constructor(options: EventLogOptions) {
    this.#folder = options.folder;
    this.#partBytes = Math.max(16 * 1024, Math.floor(options.bytes / PARTS));
    this.#wallMs = options.wallMs ?? Date.now;
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    this.#fd = openSync(this.#path(0), 'a+', 0o600);
    this.#size = dropCutLine(this.#fd);
    this.#recent = this.#readAll().slice(-CACHED);
    this.#last = this.#recent.at(-1)?.id ?? 0;
    this.#recentFrom = this.#recent[0]?.id ?? 1;
  }

  /** Id of the newest event; 0: there is none. */
  get last(): number {
    return this.#last;
  }

  raise(input: EventInput): AgentEvent {
    this.#last += 1;
    const event: AgentEvent = {
      id: this.#last,
      time: new Date(this.#wallMs()).toISOString(),
      severity: input.severity,
      code: input.code,
      job: input.job ?? null,
      sentence: input.sentence.slice(0, SENTENCE),
      advice: (input.advice ?? '').slice(0, SENTENCE),
    };
    this.#recent.push(event);
    if (this.#recent.length > CACHED * 2) {
      this.#recent = this.#recent.slice(-CACHED);
      this.#recentFrom = this.#recent[0]?.id ?? this.#last;
    }
    this.#store(event);
    for (const listener of [...this.#listeners]) listener(event);
    return event;
  }

  /** Oldest first: with `after` the first `limit` behind it, without it the last `limit`. */
  list(filter: EventFilter, limit: number): AgentEvent[] {
    const cached = this.#recent.filter((event) => eventPasses(event, filter));
    if (filter.after !== undefined) {
      const all = filter.after + 1 >= this.#recentFrom ? cached : this.#fromDisk(filter);
      return all.slice(0, limit);
    }
    return (cached.length >= limit ? cached : this.#fromDisk(filter)).slice(-limit);
  }

  /** Returns what ends the subscription. */
  subscribe(listener: (event: AgentEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  close(): void {
    this.#listeners.clear();
    closeSync(this.#fd);
  }

  #path(part: number): string {
    return join(this.#folder, part === 0 ? 'events.jsonl' : `events.${part}.jsonl`);
  }

  #store(event: AgentEvent): void {
    const line = Buffer.from(`${JSON.stringify(event)}\n`);
    try {
      if (this.#size > 0 && this.#size + line.length > this.#partBytes) this.#rotate();
      for (let at = 0; at < line.length; ) at += writeSync(this.#fd, line, at);
      this.#size += line.length;
    } catch {
      // A full disk: the event is still in memory and reaches those who listen. Half a line must not spoil the next one.
      this.#truncate();
    }
  }

  #truncate(): void {
    try {
      ftruncateSync(this.#fd, this.#size);
    } catch {
      // Then the next line is lost with this one.
    }
  }

  #rotate(): void {
    for (let part = PARTS - 1; part >= 1; part -= 1) {
      try {
        if (part === PARTS - 1) unlinkSync(this.#path(part));
      } catch {
        // There are not that many parts yet.
      }
      try {
        renameSync(this.#path(part - 1), this.#path(part));
      } catch {
        // Likewise.
      }
    }
    closeSync(this.#fd);
    this.#fd = openSync(this.#path(0), 'a+', 0o600);
    this.#size = 0;
  }

  #fromDisk(filter: EventFilter): AgentEvent[] {
    const stored = this.#readAll();
    const lastStored = stored.at(-1)?.id ?? 0;
    return [...stored, ...this.#recent.filter((event) => event.id > lastStored)].filter((e) => eventPasses(e, filter));
  }

  #readAll(): AgentEvent[] {
    const events: AgentEvent[] = [];
    for (let part = PARTS - 1; part >= 0; part -= 1) {
      let text = '';
      try {
        text = readFileSync(this.#path(part), 'utf8');
      } catch {
        continue;
      }
      for (const line of text.split('\n')) {
        const event = parseLine(line);
        if (event !== null) takeInOrder(events, event);
      }
    }
    return events;
  }
}

/**
 * A damaged line may hold any number. Ids that do not grow are not ours: of two that do not, the one that leaps is the damaged one, or one
 * line would hide all that were written behind it.
 */
function takeInOrder(events: AgentEvent[], event: AgentEvent): void {
  const [before, last] = [events.at(-2)?.id ?? 0, events.at(-1)?.id ?? 0];
  if (event.id > last) events.push(event);
  else if (event.id > before && last - before > 1) events.splice(-1, 1, event);
}

function parseLine(line: string): AgentEvent | null {
  if (line === '') return null;
  try {
    const parsed = agentEventSchema.safeParse(JSON.parse(line));
    return parsed.success && parsed.data.id <= LAST_ID ? parsed.data : null;
  } catch {
    return null;
  }
}

const TAIL = 64 * 1024;

/** Cuts what stands behind the last line end, so that the next event begins a line; returns the size that is left. */
function dropCutLine(fd: number): number {
  const { size } = fstatSync(fd);
  const tail = Buffer.alloc(Math.min(size, TAIL));
  let end = 0;
  // After a power cut it may be longer than any line: blocks that were given to the file and never written.
  for (let from = size; from > 0 && end === 0; ) {
    from = Math.max(0, from - tail.length);
    const length = readSync(fd, tail, 0, tail.length, from);
    const at = tail.subarray(0, length).lastIndexOf(0x0a);
    if (at >= 0) end = from + at + 1;
  }
  if (end < size) ftruncateSync(fd, end);
  return end;
}
