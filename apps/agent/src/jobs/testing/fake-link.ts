/** One end of a replication link without a wire: what was sent is kept, what arrives is said by the test. */
import { type FrameFields, type FrameHeader, type FrameType, position } from '@understudy/wire';
import type { LinkClosed, ReplicationLink } from '../../ports/replication-link/replication-link.ts';

type Sent = FrameFields & { readonly payload: Buffer };

export class FakeLink {
  readonly sent: Sent[] = [];
  readonly recycled: Uint8Array[] = [];
  closed: LinkClosed | null = null;
  /** What `send` answers. */
  room = true;
  roundTripMs: number | null = null;
  silentMs = 0;
  #frame: ((header: FrameHeader, payload: Uint8Array) => void) | null = null;
  readonly #early: [FrameHeader, Uint8Array][] = [];
  #drain: () => void = () => {};
  readonly #close: ((closed: LinkClosed) => void)[] = [];

  send(fields: FrameFields, parts: readonly Uint8Array[]): boolean {
    if (this.closed !== null) return false;
    this.sent.push({ ...fields, payload: Buffer.concat(parts) });
    return this.room;
  }

  sendJson(type: FrameType, value: unknown): boolean {
    return this.send({ type }, [Buffer.from(JSON.stringify(value))]);
  }

  onFrame(listener: (header: FrameHeader, payload: Uint8Array) => void): void {
    this.#frame = listener;
    for (const [header, payload] of this.#early.splice(0)) listener(header, payload);
  }

  onDrain(listener: () => void): void {
    this.#drain = listener;
  }

  onClose(listener: (closed: LinkClosed) => void): void {
    if (this.closed === null) this.#close.push(listener);
    else listener(this.closed);
  }

  recycle(payload: Uint8Array): void {
    this.recycled.push(payload);
  }

  close(sentence = 'closed'): void {
    this.end('closed', sentence);
  }

  violation(sentence: string): void {
    this.end('protocol', sentence);
  }

  /** For the test: the other side, or the wire. */
  end(end: LinkClosed['end'], sentence: string): void {
    if (this.closed !== null) return;
    this.closed = { end, sentence };
    for (const listener of this.#close.splice(0)) listener(this.closed);
  }

  arrive(fields: Partial<FrameHeader> & { readonly type: FrameType }, payload: Uint8Array = Buffer.alloc(0)): void {
    const nowhere = { from: position(0), to: position(0), records: 0, epoch: 0, crc: 0 };
    const header = { ...nowhere, payloadLength: payload.length, ...fields } as FrameHeader;
    if (this.closed !== null) return;
    if (this.#frame === null) this.#early.push([header, payload]);
    else this.#frame(header, payload);
  }

  arriveJson(type: FrameType, value: unknown): void {
    this.arrive({ type }, Buffer.from(JSON.stringify(value)));
  }

  drained(): void {
    this.room = true;
    this.#drain();
  }

  /** JSON of the frames of one type. */
  said(type: FrameType): unknown[] {
    return this.sent.filter((frame) => frame.type === type).map(({ payload }) => JSON.parse(payload.toString()));
  }

  as(): ReplicationLink {
    return this as unknown as ReplicationLink;
  }
}

export const welcome = (more: object = {}) => ({
  version: '0',
  resumes: false,
  received: 0,
  applied: 0,
  origin: 0,
  complete: false,
  why: 'this is the first time',
  ...more,
});
