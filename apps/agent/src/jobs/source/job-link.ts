/**
 * The link of one job to its target, kept up. In: start, stop, frames. Out: a job that is linked or knows why not.
 * Promises: it dials again by itself with growing pauses; a refusal that only a person can mend stops the dialling and halts the job.
 */
import type { LoggedPacket, Reason } from '@understudy/engine';
import {
  type Condition,
  conditionSchema,
  type FrameHeader,
  FrameType,
  type Hello,
  type Position,
  type Refuse,
  type Reply,
  refuseSchema,
  repliesSchema,
  type Welcome,
  welcomeSchema,
} from '@understudy/wire';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';

export interface JobLinkEvents {
  hello(): Hello;
  up(welcome: Welcome): void;
  down(): void;
  halt(reason: Reason): void;
  acknowledged(received: Position, applied: Position): void;
  resend(from: Position): void;
  replies(replies: readonly Reply[]): void;
  condition(condition: Condition): void;
  paused(paused: boolean): void;
  /** There may be room for more on the wire. */
  writable(): void;
}

export interface JobLinkOptions {
  readonly dial: () => Promise<ReplicationLink>;
  readonly events: JobLinkEvents;
  readonly epoch: number;
  readonly targetName: string;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Refusals that dialling again cannot mend. */
const FINAL = new Set<Refuse['code']>([
  'superseded',
  'version',
  'replica-path-in-use',
  'replica-path-invalid',
  'foreign-files',
  'not-trusted',
]);

export class JobLink {
  readonly #options: JobLinkOptions;
  #link: ReplicationLink | null = null;
  #welcomed = false;
  #open = true;
  #blocked = false;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | null = null;
  #reason: Reason;
  /** What the target said before it hung up. */
  #refusal: Reason | null = null;

  constructor(options: JobLinkOptions) {
    this.#options = options;
    this.#reason = { code: 'connecting', sentence: `The connection to ${options.targetName} is being made.` };
    void this.#dial();
  }

  /** Why there is no link; meaningless while there is one. */
  get reason(): Reason {
    return this.#reason;
  }

  /** Packets may be sent: welcomed, and the socket takes more. */
  get writable(): boolean {
    return this.#welcomed && !this.#blocked;
  }

  get roundTripMs(): number | null {
    return this.#link?.roundTripMs ?? null;
  }

  send(packet: LoggedPacket): void {
    if (this.#link === null) return;
    const { from, to, count, bytes } = packet;
    const more = this.#link.send({ type: FrameType.operations, from, to, records: count, epoch: this.#options.epoch }, [
      bytes,
    ]);
    this.#blocked = !more;
  }

  /** Tells the target which replies have arrived: those about positions up to `applied`. */
  confirm(applied: Position): void {
    if (this.#welcomed) this.#link?.send({ type: FrameType.acknowledge, from: applied, to: applied }, []);
  }

  close(): void {
    this.#open = false;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#link?.close('the job was stopped');
  }

  async #dial(): Promise<void> {
    this.#timer = null;
    try {
      const link = await this.#options.dial();
      if (!this.#open) link.close();
      else this.#dialled(link);
    } catch (error) {
      this.#again({
        code: 'unreachable',
        sentence: `${this.#options.targetName} cannot be reached: ${(error as Error).message}`,
      });
    }
  }

  #dialled(link: ReplicationLink): void {
    this.#link = link;
    this.#blocked = false;
    link.onClose((closed) => this.#closed(closed.sentence));
    link.onDrain(() => {
      this.#blocked = false;
      this.#options.events.writable();
    });
    link.onFrame((header, payload) => this.#frame(link, header, payload));
    link.sendJson(FrameType.hello, helloJson(this.#options.events.hello()));
  }

  #closed(sentence: string): void {
    const wasUp = this.#welcomed;
    this.#link = null;
    this.#welcomed = false;
    if (wasUp) this.#options.events.down();
    const down = { code: 'link-down', sentence: `The link to ${this.#options.targetName} is down: ${sentence}.` };
    this.#again(this.#refusal ?? down);
    this.#refusal = null;
  }

  #again(reason: Reason): void {
    if (!this.#open) return;
    this.#reason = reason;
    this.#timer ??= setTimeout(() => void this.#dial(), this.#pauseMs);
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  #frame(link: ReplicationLink, header: FrameHeader, payload: Uint8Array): void {
    const { events } = this.#options;
    switch (header.type) {
      case FrameType.welcome:
        this.#welcome(parseJsonFrame(link, header, payload, welcomeSchema));
        break;
      case FrameType.refuse:
        this.#refused(link, parseJsonFrame(link, header, payload, refuseSchema));
        break;
      case FrameType.acknowledge:
        events.acknowledged(header.from, header.to);
        break;
      case FrameType.resend:
        events.resend(header.from);
        break;
      case FrameType.replies: {
        const replies = parseJsonFrame(link, header, payload, repliesSchema);
        if (replies !== null) events.replies(replies);
        break;
      }
      case FrameType.condition: {
        const condition = parseJsonFrame(link, header, payload, conditionSchema);
        if (condition !== null) events.condition(condition);
        break;
      }
      case FrameType.pause:
      case FrameType.resume:
        events.paused(header.type === FrameType.pause);
        break;
      default:
        link.violation(`a target does not send frames of type ${header.type}`);
    }
  }

  #welcome(welcome: Welcome | null): void {
    if (welcome === null) return;
    this.#welcomed = true;
    this.#pauseMs = FIRST_PAUSE_MS;
    this.#options.events.up(welcome);
    this.#options.events.writable();
  }

  #refused(link: ReplicationLink, refuse: Refuse | null): void {
    if (refuse === null) return;
    if (FINAL.has(refuse.code)) {
      this.#open = false;
      this.#options.events.halt({ code: refuse.code, sentence: refuse.sentence });
    }
    this.#refusal = { code: refuse.code, sentence: refuse.sentence };
    link.close('the target refused');
  }
}

/** Node ids are decimal strings in JSON. */
export function helloJson(hello: Hello): unknown {
  return { ...hello, roots: hello.roots.map((root) => ({ ...root, node: String(root.node) })) };
}
