/**
 * A replication link: frames over one TLS socket, after the HTTP upgrade, the same on both ends.
 * In: frames to send, bytes of the socket. Out: `onFrame`, `onDrain`, and once `onClose` with a named reason.
 * Promised: frames arrive whole, checked and in order, or the link ends; a peer that falls silent ends it too; memory held is
 * bounded by what the owner sends against `send`'s answer, and on the way in by one frame and what expander.ts holds.
 */
import type { Socket } from 'node:net';
import {
  encodeFrameHeader,
  FRAME_HEADER,
  FrameError,
  type FrameFields,
  type FrameHeader,
  FrameType,
  isJsonFrame,
  position,
  setFrameCrc,
} from '@understudy/wire';
import { crc32 } from '../crc32.ts';
import { Expander } from './expander.ts';
import { readInPlace } from './fast-read.ts';
import { FrameReader } from './frame-reader.ts';
import { Keepalive, type KeepaliveSettings } from './keepalive.ts';
import { LineWindow } from './line-window.ts';

export type LinkEnd =
  /** The other side said goodbye, or we did. */
  | 'bye'
  /** The connection ended without a goodbye. */
  | 'lost'
  /** Nothing was heard for the dead-peer limit. */
  | 'silent'
  /** The other side sent what is no frame; the sentence names the rule. */
  | 'protocol'
  /** The owner of this end closed it. */
  | 'closed';

export interface LinkClosed {
  readonly end: LinkEnd;
  readonly sentence: string;
}

export interface LinkPeer {
  /** SHA-256 of its certificate, hexadecimal. */
  readonly fingerprint: string;
  /** `HOST:PORT` of the other end of the connection. */
  readonly address: string;
}

export interface LinkSettings extends KeepaliveSettings {
  /** `send` answers false while more bytes than this wait for the socket, or more are under way than LineWindow lets be. */
  readonly sendBuffer: number;
}

export const DEFAULT_LINK_SETTINGS: LinkSettings = { pingMs: 2_000, deadMs: 10_000, sendBuffer: 2 * 1024 * 1024 };

type FrameListener = (header: FrameHeader, payload: Uint8Array) => void;

const MARKS = new Set<FrameFields['type']>([FrameType.ping, FrameType.pong]);

export class ReplicationLink {
  readonly peer: LinkPeer;
  /** Whether this Node lets us read without allocating; see `readInPlace`. */
  readonly reading: 'in-place' | 'ordinary';
  readonly #socket: Socket;
  readonly #settings: LinkSettings;
  readonly #keepalive: Keepalive;
  readonly #reader = new FrameReader((header, payload) => this.#deliver(header, payload));
  /** What it delivers is not compressed any more. */
  readonly #expander = new Expander({
    deliver: (header, payload) => this.#pass(header, payload),
    spent: (payload) => this.#reader.recycle(payload),
    failed: (sentence) => this.#end('protocol', `${this.peer.address} broke the protocol (bad-payload): ${sentence}`),
    full: (full) => {
      this.#full = full;
      this.#rest();
    },
  });
  /** Enough is being expanded. */
  #full = false;
  #early: [FrameHeader, Uint8Array][] = [];
  /** What has been sent and not read at the other end: its pongs say that all before the ping has been. */
  readonly #line = new LineWindow();
  #onFrame: FrameListener | null = null;
  readonly #onDrain: (() => void)[] = [];
  readonly #onClose: ((closed: LinkClosed) => void)[] = [];
  #closed: LinkClosed | null = null;
  #buffered = 0;
  #corked = false;
  #starved = false;
  #bytesReceived = 0;
  #bytesSent = 0;

  /** `head`: bytes that came with the upgrade. The socket belongs to the link from here on. */
  constructor(socket: Socket, head: Uint8Array, peer: LinkPeer, settings: LinkSettings = DEFAULT_LINK_SETTINGS) {
    this.peer = peer;
    this.#socket = socket;
    this.#settings = settings;
    this.#keepalive = new Keepalive(settings, {
      ping: (value) => this.#mark(value),
      dead: (silentMs) => this.#end('silent', `nothing was heard from ${peer.address} for ${silentMs} ms`),
    });
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.on('error', (error) => this.#end('lost', `the connection to ${peer.address} broke: ${error.message}`));
    socket.on('end', () => this.#end('lost', `${peer.address} closed the connection without a goodbye`));
    socket.on('close', () => this.#end('lost', `the connection to ${peer.address} is gone`));
    if (head.length > 0) this.#receive(head);
    this.reading = readInPlace(socket, (bytes) => this.#receive(bytes));
  }

  /** Null while the link lives. */
  get closed(): LinkClosed | null {
    return this.#closed;
  }

  /** Bytes that were sent here and have not been given to the kernel. */
  get bufferedBytes(): number {
    return this.#buffered;
  }

  /** Payload and headers, before encryption. */
  get traffic(): { readonly received: number; readonly sent: number } {
    return { received: this.#bytesReceived, sent: this.#bytesSent };
  }

  /** How long nothing has come from the other end. */
  get silentMs(): number {
    return this.#keepalive.silentMs;
  }

  /** Milliseconds of the last ping's way there and back; null: not measured yet. */
  get roundTripMs(): number | null {
    return this.#keepalive.roundTripMs;
  }

  /**
   * Sends one frame; the parts lie behind each other in its payload and belong to the link until they have gone out.
   * False: it will go out, but no more should be sent before `onDrain`. On a closed link nothing happens and the answer is false.
   */
  send(fields: FrameFields, parts: readonly Uint8Array[]): boolean {
    if (this.#closed !== null) return false;
    let length = 0;
    for (const part of parts) length += part.length;
    const header = Buffer.allocUnsafe(FRAME_HEADER);
    encodeFrameHeader(fields, length, header);
    let crc = crc32(header);
    for (const part of parts) crc = crc32(part, crc);
    setFrameCrc(header, crc);
    this.#write(header, parts, length + FRAME_HEADER);
    // A mark is no load of its own: a line that is to run empty would never be for the marks that ask whether it is.
    if (!MARKS.has(fields.type)) this.#line.sent(length + FRAME_HEADER, performance.now());
    if (this.#line.wantsMark && fields.type !== FrameType.bye) this.#mark(this.#keepalive.stamp);
    const more = this.#buffered < this.#settings.sendBuffer && this.#line.open;
    this.#starved ||= !more;
    return more;
  }

  sendJson(type: FrameType, value: unknown): boolean {
    return this.send({ type }, [Buffer.from(JSON.stringify(value))]);
  }

  /** One listener; frames that came before it was set are delivered to it first. Pings and goodbyes stay in here. */
  onFrame(listener: FrameListener): void {
    this.#onFrame = listener;
    const early = this.#early;
    this.#early = [];
    for (const [header, payload] of early) listener(header, payload);
    this.#rest();
  }

  /** Gives a payload back that `onFrame` delivered and nobody looks at any more; the next frames are then received without allocating. */
  recycle(payload: Uint8Array): void {
    this.#reader.recycle(payload);
  }

  /** `send` may be used again after it answered false. */
  onDrain(listener: () => void): void {
    this.#onDrain.push(listener);
  }

  /** Called once; at once if the link has ended already. */
  onClose(listener: (closed: LinkClosed) => void): void {
    if (this.#closed === null) this.#onClose.push(listener);
    else listener(this.#closed);
  }

  /** Says goodbye; what was sent before still goes out. */
  close(sentence = 'this side closed the link'): void {
    if (this.#closed !== null) return;
    this.send({ type: FrameType.bye }, []);
    this.#end('closed', sentence);
  }

  /** Ends the link at once because the other side broke a rule (a payload that its schema refuses, say). */
  violation(sentence: string): void {
    this.#end('protocol', sentence);
  }

  #write(header: Uint8Array, parts: readonly Uint8Array[], bytes: number): void {
    if (!this.#corked) {
      // All frames of one turn leave together: fewer TLS records, fewer system calls.
      this.#corked = true;
      this.#socket.cork();
      process.nextTick(() => this.#uncork());
    }
    this.#buffered += bytes;
    this.#bytesSent += bytes;
    const gone = () => this.#gone(bytes);
    const last = parts.length - 1;
    this.#socket.write(header, last < 0 ? gone : undefined);
    for (let i = 0; i <= last; i += 1) this.#socket.write(parts[i] as Uint8Array, i === last ? gone : undefined);
  }

  #uncork(): void {
    this.#corked = false;
    this.#socket.uncork();
  }

  #gone(bytes: number): void {
    this.#buffered -= bytes;
    this.#goOn();
  }

  #mark(value: number): void {
    // Before it goes: it is sent as all else is, and must not want another behind itself.
    this.#line.marked(value, performance.now());
    this.send({ type: FrameType.ping, from: position(value) }, []);
  }

  #pong({ from }: FrameHeader): void {
    this.#keepalive.pong(from);
    this.#line.answered(from, performance.now());
    if (this.#line.wantsMark) this.#mark(this.#keepalive.stamp);
    this.#goOn();
  }

  #goOn(): void {
    if (!this.#starved || this.#closed !== null || this.#buffered > this.#settings.sendBuffer / 2) return;
    if (!this.#line.open) return;
    this.#starved = false;
    for (const listener of this.#onDrain) listener();
  }

  #receive(chunk: Uint8Array): void {
    if (this.#closed !== null) return;
    this.#bytesReceived += chunk.length;
    this.#keepalive.heard();
    try {
      this.#reader.push(chunk);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#end('protocol', `${this.peer.address} broke the protocol (${error.fault}): ${error.message}`);
    }
  }

  #deliver(header: FrameHeader, payload: Uint8Array): void {
    if (this.#closed !== null) return;
    if (header.type === FrameType.ping) this.#answer(header);
    else if (header.type === FrameType.pong) this.#pong(header);
    else this.#expander.push(header, payload);
  }

  /** Pings that come while our own sending is stuck go unanswered: who asks without reading is not to fill our memory. */
  #answer({ from }: FrameHeader): void {
    if (this.#buffered < 2 * this.#settings.sendBuffer) this.send({ type: FrameType.pong, from }, []);
  }

  /** In order, also behind frames that took a while to expand. */
  #pass(header: FrameHeader, payload: Uint8Array): void {
    if (this.#closed !== null) return;
    if (header.type === FrameType.bye) this.#end('bye', `${this.peer.address} said goodbye`);
    else if (this.#onFrame !== null) this.#onFrame(header, payload);
    else {
      this.#early.push([header, payload]);
      this.#rest();
    }
  }

  /** Nothing is read while enough is being expanded, or what has come lies here with nobody to take it. */
  #rest(): void {
    if (this.#closed !== null) return;
    if (this.#full || this.#early.length > 0) this.#socket.pause();
    else this.#socket.resume();
  }

  #end(end: LinkEnd, sentence: string): void {
    if (this.#closed !== null) return;
    this.#closed = { end, sentence };
    this.#keepalive.stop();
    this.#expander.end();
    if (end === 'closed') {
      this.#socket.end();
      // What does not read our goodbye must not keep the socket for ever.
      setTimeout(() => this.#socket.destroy(), 2_000).unref();
      this.#socket.resume();
    } else this.#socket.destroy();
    for (const listener of this.#onClose.splice(0)) listener(this.#closed);
  }
}

/** Parses a JSON frame's payload against its schema, or null after having ended the link by name. */
export function parseJsonFrame<T>(
  link: Pick<ReplicationLink, 'violation'>,
  header: FrameHeader,
  payload: Uint8Array,
  schema: { safeParse(value: unknown): { success: true; data: T } | { success: false; error: { message: string } } },
): T | null {
  let value: unknown;
  try {
    if (!isJsonFrame(header.type)) throw new Error('this type of frame carries no JSON');
    value = JSON.parse(Buffer.from(payload.buffer, payload.byteOffset, payload.length).toString('utf8'));
  } catch (error) {
    link.violation(`a frame of type ${header.type} is no JSON: ${(error as Error).message}`);
    return null;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  link.violation(`a frame of type ${header.type} breaks its schema: ${parsed.error.message.slice(0, 500)}`);
  return null;
}
