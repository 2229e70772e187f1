/** [SCM1] Whatever is merged, in memory, on a busy line, on disk or after a restart: the target never shows what the source never was. */
import { brand } from '@understudy/base';
import {
  decodeRecord,
  encodeRecord,
  NO_ATTRIBUTES,
  type NodeId,
  type OperationRecord,
  peekLength,
  position,
  type RecordInput,
  record,
  Verb,
} from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MemoryQueueStore } from '../../../testing/memory-queue-store.ts';
import { COMMUNICATION_BLOCK } from './merge.ts';
import type { QueuedPacket } from './queued-packet.ts';
import { SendQueue } from './send-queue.ts';

/** Two files, byte for byte, with what was last set of each. */
class Files {
  readonly #content = new Map<NodeId, { bytes: number[]; mtime: number; mode: number }>();

  apply(r: OperationRecord): void {
    const file = this.#content.get(r.node) ?? { bytes: [], mtime: 0, mode: 0 };
    this.#content.set(r.node, file);
    if (r.verb === Verb.marker) return;
    file.mtime = r.attributes.mtimeSec;
    if (r.verb === Verb.setattr) file.mode = r.detail;
    else if (r.verb === Verb.truncate) file.bytes.length = Math.min(file.bytes.length, r.extent);
    else for (const [i, byte] of r.data.entries()) file.bytes[r.offset + i] = byte;
    expect([r.attributes.size, r.extent]).toEqual([
      file.bytes.length,
      r.verb === Verb.write ? r.data.length : r.extent,
    ]);
  }

  image(): string {
    return JSON.stringify([...this.#content].map(([node, file]) => [String(node), file]).sort());
  }
}

type Call =
  | { readonly kind: 'write'; readonly node: number; readonly offset: number; readonly bytes: number }
  | { readonly kind: 'truncate' | 'chmod'; readonly node: number; readonly offset: number };
type Step = Call | { readonly kind: 'marker' | 'take' | 'receive' | 'store' | 'kill' };

const node = fc.constantFrom(1, 1, 1, 2);
const offset = fc.nat(40);
const write = fc.record({ kind: fc.constant('write' as const), node, offset, bytes: fc.integer({ min: 1, max: 20 }) });
const change = fc.record({ kind: fc.constantFrom('truncate' as const, 'chmod' as const), node, offset });
const other = fc.record({ kind: fc.constantFrom('marker', 'take', 'receive', 'store', 'kill') });
const steps = fc.array(fc.oneof({ arbitrary: write, weight: 8 }, change, { arbitrary: other, weight: 2 }), {
  maxLength: 60,
}) as fc.Arbitrary<Step[]>;

/** The source, the ring that still holds what is not received, the queue, and the target that shows each record as it comes. */
class Scene {
  readonly #store = new MemoryQueueStore();
  #queue = new SendQueue({ next: position(1), store: this.#store, memoryBytes: 3000 });
  #flight: QueuedPacket[] = [];
  readonly #source = new Files();
  readonly #target = new Files();
  /** What the source has been, oldest first; the target shows one of them that is not before the last it showed. */
  readonly #pasts = [this.#source.image()];
  #shown = 0;
  readonly #ring: Uint8Array[] = [];
  readonly #sizes = new Map<number, number>();
  readonly #has = { received: position(0), applied: position(0), origin: 0 };
  /** Records that arrived, and of how many operations. */
  arrived = 0;
  operations = 0;

  step(step: Step): void {
    if (step.kind === 'take') this.#take();
    else if (step.kind === 'receive') this.#receive();
    else if (step.kind === 'store') this.#queue.store(this.#flight);
    else if (step.kind === 'kill') this.#kill();
    else if ('node' in step) this.#operate(step);
    else this.#queue.appendRecord(record({ verb: Verb.marker, extent: this.#ring.length + 1 }));
  }

  /** All that is left goes out; the target ends as the source is. */
  end(): void {
    this.#drain();
    expect(this.#target.image()).toBe(this.#pasts.at(-1));
  }

  #operate(step: Call): void {
    this.operations += 1;
    const sequence = this.#ring.length + 1;
    const bytes = encodeRecord(record({ ...this.#input(step), sequence, timeMs: sequence }));
    this.#ring.push(bytes);
    this.#source.apply(decodeRecord(bytes));
    this.#pasts.push(this.#source.image());
    this.#queue.append(bytes, 0, { length: bytes.length, root: 0, timeMs: sequence });
  }

  #input(step: Call): RecordInput {
    const was = this.#sizes.get(step.node) ?? 0;
    const offset = Math.min(step.offset, was);
    const bytes = step.kind === 'write' ? step.bytes : 0;
    const size = step.kind === 'truncate' ? offset : Math.max(was, offset + bytes);
    this.#sizes.set(step.node, size);
    const tick = this.#ring.length + 1;
    const common = { node: brand<NodeId>(BigInt(step.node)), attributes: { ...NO_ATTRIBUTES, size, mtimeSec: tick } };
    if (step.kind === 'truncate') return { verb: Verb.truncate, extent: size, ...common };
    if (step.kind === 'chmod') return { verb: Verb.setattr, detail: tick, ...common };
    return { verb: Verb.write, offset, extent: bytes, data: new Uint8Array(bytes).fill(tick), ...common };
  }

  #take(): void {
    const packet = this.#queue.take();
    if (packet !== undefined) this.#flight.push(packet);
  }

  #receive(): void {
    const packet = this.#flight.shift();
    if (packet === undefined) return;
    expect(packet.from).toBe(this.#has.received + 1);
    for (let at = 0; at < packet.bytes.length; at += peekLength(packet.bytes, at))
      this.#show(decodeRecord(packet.bytes, at));
    Object.assign(this.#has, { received: packet.to, applied: packet.to, origin: packet.origin });
    this.#queue.received(packet, true);
  }

  #show(r: OperationRecord): void {
    if (r.verb === Verb.marker) return;
    this.arrived += 1;
    expect(r.data.length).toBeLessThanOrEqual(COMMUNICATION_BLOCK);
    this.#target.apply(r);
    const image = this.#target.image();
    const at = this.#pasts.indexOf(image, this.#shown);
    expect(at, `the target shows ${image}, which the source was not, or had been before`).toBeGreaterThanOrEqual(0);
    this.#shown = at;
  }

  /** The process dies; the next one reads the ring again, before it has heard of the target and behind it. */
  #kill(): void {
    this.#flight = [];
    this.#queue = new SendQueue({ next: position(this.#has.received + 1), store: this.#store, memoryBytes: 3000 });
    this.#queue.awaitTarget();
    const kept = this.#queue.storedThrough;
    for (const [i, bytes] of this.#ring.entries())
      if (i + 1 > Math.max(kept, this.#has.origin))
        this.#queue.append(bytes, 0, { length: bytes.length, root: 0, timeMs: i });
    this.#queue.goOn(this.#has);
  }

  #drain(): void {
    for (let i = 0; i < 1000 && this.#queue.operations > 0; i += 1) this.#take();
    while (this.#flight.length > 0) this.#receive();
  }
}

describe('[SCM1] merged writes', () => {
  it('show the target nothing that the source never was, record by record, whatever becomes of the queue', () => {
    let operations = 0;
    let arrived = 0;
    fc.assert(
      fc.property(steps, (all) => {
        const scene = new Scene();
        for (const step of all) scene.step(step);
        scene.end();
        operations += scene.operations;
        arrived += scene.arrived;
      }),
      { numRuns: Number(process.env.RUNS ?? 500) },
    );
    // They really are merged.
    expect(arrived).toBeLessThan(operations * 0.75);
  });
});
