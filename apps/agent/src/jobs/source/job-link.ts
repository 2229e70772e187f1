/**
 * The link of one job to its target, kept up. In: start, stop, frames. Out: a job that is linked or knows why not.
 * Promises: it dials again by itself with growing pauses; a refusal that only a person can mend stops the dialling and halts the job, but
 * for another version of the target's agent, which halts it for as long as it is another (SAFE7); nothing of an old link reaches the job once a new one is being made.
 */
import { type JobStanding, type LoggedPacket, OTHER_VERSION, type Reason } from '@understudy/engine';
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
import { ConnectError } from '../../identity/connect-pinned.ts';
import { parseJsonFrame, type ReplicationLink } from '../../ports/replication-link/replication-link.ts';
import { Sender } from '../../ports/replication-link/sender.ts';

export interface JobLinkEvents {
  hello(): Hello;
  up(welcome: Welcome): void;
  down(): void;
  halt(reason: Reason): void;
  /** Null, or why a target cannot have come as far as it says. */
  unbelievable(received: Position, applied: Position): string | null;
  acknowledged(received: Position, applied: Position): void;
  resend(from: Position): void;
  replies(replies: readonly Reply[]): void;
  condition(condition: Condition): void;
  paused(paused: boolean): void;
  /** There is no link, for another reason than before. */
  unlinked(): void;
  /** There may be room for more on the wire. */
  writable(): void;
  /** A fault of our own, for the technical log. */
  fault(error: unknown): void;
}

/** What this end needs of a ReplicationLink. */
export type DialledLink = Pick<
  ReplicationLink,
  'send' | 'sendJson' | 'onFrame' | 'onDrain' | 'onClose' | 'close' | 'violation' | 'recycle' | 'roundTripMs'
>;

export interface JobLinkOptions {
  readonly dial: () => Promise<DialledLink>;
  readonly events: JobLinkEvents;
  readonly epoch: () => number;
  readonly targetName: string;
}

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5_000;
/** Where the server says that nobody listens: such a dial costs nothing, and the agent is likely to be back soon. */
const LONGEST_UNTIL_STARTED_MS = 1_000;
/** A link that broke sooner than this was no good one: the next pause is longer than the last. */
const STEADY_MS = 10_000;
/** Refusals that dialling again cannot mend. */
const FINAL = new Set<Refuse['code']>([
  'superseded',
  'replica-path-in-use',
  'replica-path-invalid',
  'foreign-files',
  'brake',
  'brake-halted',
  'not-trusted',
]);

export class JobLink {
  /** Compresses and paces what goes out. */
  readonly sender: Sender;
  readonly #options: JobLinkOptions;
  #link: DialledLink | null = null;
  /** When the target said welcome on the present link; null: it has not. */
  #welcomedAtMs: number | null = null;
  #closing = false;
  /** The target refused for good: no more dialling. */
  #refusedForGood = false;
  #pauseMs = FIRST_PAUSE_MS;
  #timer: NodeJS.Timeout | null = null;
  #reason: Reason;
  /** The code of the reason that was told last. */
  #told = '';
  /** What the target said before it hung up. */
  #refusal: Reason | null = null;
  #standing: (JobStanding & { readonly compared?: number }) | null = null;

  constructor(options: JobLinkOptions) {
    this.#options = options;
    this.sender = new Sender({
      fields: ({ from, to, count, origin }) => ({
        type: FrameType.operations,
        from,
        to,
        records: count,
        epoch: options.epoch(),
        origin,
      }),
      put: (fields, payload) => this.#link?.send(fields, [payload]) ?? false,
      writable: () => options.events.writable(),
      fault: (error) => options.events.fault(error),
    });
    this.#reason = { code: 'connecting', sentence: `The connection to ${options.targetName} is being made.` };
    void this.#dial();
  }

  /** Why there is no link; meaningless while there is one. */
  get reason(): Reason {
    return this.#reason;
  }

  /** Packets may be sent: welcomed, and the socket takes more. */
  get writable(): boolean {
    return this.#welcomedAtMs !== null && this.sender.writable;
  }

  get roundTripMs(): number | null {
    return this.#link?.roundTripMs ?? null;
  }

  send(packet: LoggedPacket): void {
    if (this.#link !== null) this.sender.send(packet);
  }

  /** Tells the target which replies have arrived: those about positions up to `applied`. */
  confirm(applied: Position): void {
    if (this.#welcomedAtMs !== null) this.#link?.send({ type: FrameType.acknowledge, from: applied, to: applied }, []);
  }

  /** What the job is now, and which opening of the replica it has compared behind: the target hears of it where it is otherwise than it has heard. */
  stands(standing: JobStanding, compared?: number | undefined): JobStanding {
    const before = this.#standing;
    const { state, reason, good } = standing;
    const same = before?.state === state && before.reason?.code === reason?.code && before.good === good;
    if (same && before.compared === compared) return standing;
    this.#standing = { ...standing, ...(compared === undefined ? {} : { compared }) };
    this.#tellStanding();
    return standing;
  }

  #tellStanding(): void {
    if (this.#standing === null || this.#welcomedAtMs === null) return;
    const { reason, ...standing } = this.#standing;
    const said = reason === null ? null : { code: reason.code, sentence: reason.sentence.slice(0, 1024) };
    this.#link?.sendJson(FrameType.standing, { ...standing, reason: said });
  }

  /** The link is made anew: the next hello says what is otherwise. */
  renew(): void {
    this.#link?.close('the job was edited');
  }

  /** No more dialling, and nothing more is told. */
  close(): void {
    this.#closing = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#link?.close('the job was stopped');
  }

  async #dial(): Promise<void> {
    this.#timer = null;
    const { targetName } = this.#options;
    let link: DialledLink;
    try {
      link = await this.#options.dial();
    } catch (error) {
      const longestMs = error instanceof ConnectError && error.nobodyListens ? LONGEST_UNTIL_STARTED_MS : undefined;
      this.#again(notReached(error, targetName), longestMs);
      return;
    }
    if (this.#closing) link.close('the job was stopped');
    else this.#dialled(link);
  }

  #dialled(link: DialledLink): void {
    this.#link = link;
    this.sender.reset();
    this.#refusal = null;
    link.onClose((closed) => this.#closed(link, closed.sentence));
    link.onDrain(() => {
      if (this.#link !== link) return;
      this.sender.drained();
      this.#options.events.writable();
    });
    link.onFrame((header, payload) => this.#frame(link, header, payload));
    link.sendJson(FrameType.hello, helloJson(this.#options.events.hello()));
  }

  #closed(link: DialledLink, sentence: string): void {
    if (this.#link !== link) return;
    const upSinceMs = this.#welcomedAtMs;
    this.#link = null;
    this.#welcomedAtMs = null;
    this.sender.reset();
    this.#reason = this.#refusal ?? {
      code: 'link-down',
      sentence: `The link to ${this.#options.targetName} is down: ${sentence}.`,
    };
    if (this.#closing) return;
    if (upSinceMs !== null) this.#options.events.down();
    if (upSinceMs !== null && performance.now() - upSinceMs >= STEADY_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#again(this.#reason);
  }

  #again(reason: Reason, longestMs = LONGEST_PAUSE_MS): void {
    this.#reason = reason;
    if (this.#closing || this.#refusedForGood) return;
    if (reason.code !== this.#told) {
      this.#told = reason.code;
      this.#options.events.unlinked();
    }
    this.#timer ??= setTimeout(() => void this.#dial(), Math.min(longestMs, this.#pauseMs));
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, this.#pauseMs * 2);
  }

  #frame(link: DialledLink, header: FrameHeader, payload: Uint8Array): void {
    if (this.#link !== link) return;
    const { events } = this.#options;
    const greeting = header.type === FrameType.welcome || header.type === FrameType.refuse;
    if (!greeting && this.#welcomedAtMs === null) {
      link.violation('the first frame of a target is welcome or refuse');
      return;
    }
    switch (header.type) {
      case FrameType.welcome:
        this.#welcome(link, parseJsonFrame(link, header, payload, welcomeSchema));
        break;
      case FrameType.refuse:
        this.#refused(link, parseJsonFrame(link, header, payload, refuseSchema));
        break;
      case FrameType.acknowledge:
        this.#acknowledged(link, header.from, header.to);
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

  #acknowledged(link: DialledLink, received: Position, applied: Position): void {
    const { events } = this.#options;
    const wrong = events.unbelievable(received, applied);
    if (wrong === null) events.acknowledged(received, applied);
    else link.violation(wrong);
  }

  #welcome(link: DialledLink, welcome: Welcome | null): void {
    if (welcome === null) return;
    if (this.#welcomedAtMs !== null) {
      link.violation('a target says welcome once');
      return;
    }
    // Of another stream its positions are not this one's.
    const wrong = welcome.resumes ? this.#options.events.unbelievable(welcome.received, welcome.applied) : null;
    if (wrong !== null) {
      link.violation(wrong);
      return;
    }
    this.#welcomedAtMs = performance.now();
    this.#options.events.up(welcome);
    this.#tellStanding();
    this.#options.events.writable();
  }

  #refused(link: DialledLink, refuse: Refuse | null): void {
    if (refuse === null) return;
    this.#refusal = { code: refuse.code, sentence: refuse.sentence, epoch: refuse.epoch };
    this.#refusedForGood = FINAL.has(refuse.code);
    link.close('the target refused');
    if (this.#refusedForGood) this.#options.events.halt(this.#refusal ?? refuse);
  }
}

/** What a person has to mend is called by its name. It is dialled again all the same: it may have been mended on the other side. */
function notReached(error: unknown, targetName: string): Reason {
  const { message } = error as Error;
  const code = error instanceof ConnectError ? error.code : 'failed';
  if (code === OTHER_VERSION)
    return {
      code,
      sentence:
        `The agents of this server and of ${targetName} cannot talk to each other: ${message} Bring both to the same version: the job ` +
        'goes on by itself then. Until then nothing is deleted anywhere, and what changes here is queued.',
    };
  if (code === 'not-trusted') return { code, sentence: `${targetName} does not let this server in: ${message}` };
  if (code === 'changed-fingerprint') return { code, sentence: `This is not ${targetName} as it is known: ${message}` };
  return { code: 'unreachable', sentence: `${targetName} cannot be reached: ${message}` };
}

/** Node ids are decimal strings in JSON. */
export function helloJson(hello: Hello): unknown {
  return { ...hello, roots: hello.roots.map((root) => ({ ...root, node: String(root.node) })) };
}
