/**
 * A stream that was recorded from a source, changed on its way to the target: what is refused leaves no trace, so that the same packet
 * as it was brings the replica to the source's state; what is taken is applied or fails by name; order and repetition change nothing.
 */
import { concatBytes } from '@understudy/base';
import { encodeRecord, MirrorCompare, position, Verb } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Packet } from './accept/packet.ts';
import { limited } from './testing/hostile-source.ts';
import { bytesOf, ModelSource } from './testing/model-source.ts';
import { Play } from './testing/play.ts';
import { Rig, ROOT_PATH } from './testing/rig.ts';

const VERDICTS = ['accepted', 'refused', 'duplicate', 'gap', 'full'];
const A_PACKET = 6;

/** A mirror, then what an application does. */
function recorded(): { source: ModelSource; packets: Packet[] } {
  const source = new ModelSource();
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.root, node: source.root.id, data: bytesOf(ROOT_PATH), attributes });
  source.say({ verb: Verb.mirrorEnd });
  const play = new Play(source);
  for (let i = 0; i < 70; i += 1)
    play.make({
      kind: (i * 379) % 1000,
      a: (i * 17) % 1000,
      b: (i * 31) % 1000,
      c: (i * 53) % 1000,
      d: (i * 7) % 1000,
    });
  const packets: Packet[] = [];
  for (let at = 0; at < source.records.length; at += A_PACKET) {
    const part = source.records.slice(at, at + A_PACKET);
    const to = position(at + part.length);
    packets.push({ from: position(at + 1), to, epoch: 1, records: concatBytes(part.map(encodeRecord)) });
  }
  return { source, packets };
}
const { source: SOURCE, packets: PACKETS } = recorded();
const TREE = SOURCE.tree();

function target(): Rig {
  const rig = new Rig();
  const files = limited(rig.replica);
  rig.openRoot = () => files;
  rig.hello({ next: position(1) });
  rig.hello({ next: position(SOURCE.records.length + 1) });
  return rig;
}

interface Change {
  readonly at: number;
  readonly kind: number;
  readonly value: number;
}
const change = fc.record({ at: fc.nat(1 << 20), kind: fc.nat(6), value: fc.nat(0xffff_ffff) });
const changes = fc.array(change, { minLength: 1, maxLength: 3 });
const which = fc.nat(PACKETS.length - 1);

/** A byte, a word, an end cut off, a piece taken out, a piece twice; positions or epoch that are not its own. */
function changed(packet: Packet, list: readonly Change[]): Packet {
  let { from, to, epoch } = packet;
  let bytes: Uint8Array = packet.records.slice();
  for (const { at, kind, value } of list) {
    const where = at % Math.max(1, bytes.length);
    const [head, tail] = [bytes.slice(0, where), bytes.slice(where)];
    if (kind === 0) bytes[where] = value & 255;
    else if (kind === 1 && where + 4 <= bytes.length) new DataView(bytes.buffer).setUint32(where, value, true);
    else if (kind === 2) bytes = head;
    else if (kind === 3) bytes = concatBytes([head, tail.slice(value % 200)]);
    else if (kind === 4) bytes = concatBytes([head, tail.slice(0, value % 200), tail]);
    else if (kind === 5) [from, to] = [position(from + (value % 3)), position(to + (at % 3))];
    else epoch = value % 4;
  }
  return { from, to, epoch, records: bytes };
}

/** The error of each operation that failed. */
const failures = (rig: Rig) => rig.replies.flatMap((reply) => (reply.kind === 'failed' ? [reply.errno] : []));

describe('[TCM1] a recorded stream that was changed on its way', () => {
  it('brings the replica to the source where nothing was', () => {
    const rig = target();
    for (const packet of PACKETS) expect(rig.accept.accept(packet, 0).verdict).toBe('accepted');
    rig.drain();
    expect([rig.tree(), failures(rig)]).toEqual([TREE, []]);
  });

  it('is refused without a trace, or taken and applied or failed by name', () => {
    let refusals = 0;
    let taken = 0;
    fc.assert(
      fc.property(which, changes, (place, list) => {
        const rig = target();
        let harmed = false;
        for (const [i, packet] of PACKETS.entries()) {
          if (i === place) {
            const before = rig.accept.queued;
            const bad = changed(packet, list);
            const { verdict, refuse } = rig.accept.accept(bad, 0);
            expect(VERDICTS).toContain(verdict);
            if (verdict === 'accepted') harmed = true;
            else expect(rig.accept.queued).toEqual(before);
            if (verdict === 'refused') expect(refuse?.sentence.length).toBeGreaterThan(10);
            refusals += verdict === 'refused' ? 1 : 0;
            taken += verdict === 'accepted' ? 1 : 0;
            expect(rig.accept.queued.bytes).toBeLessThanOrEqual(before.bytes + bad.records.length);
          }
          expect(VERDICTS).toContain(rig.accept.accept(packet, 0).verdict);
        }
        rig.drain();
        for (const errno of failures(rig)) expect(errno).toMatch(/^E[A-Z0-9]+$/);
        if (!harmed) expect([rig.tree(), failures(rig)]).toEqual([TREE, []]);
      }),
      { numRuns: 100, endOnFailure: true },
    );
    expect(Math.min(refusals, taken)).toBeGreaterThan(0);
  });

  it('in any order and however often comes to the same, once all of it has come', () => {
    fc.assert(
      fc.property(fc.array(which, { maxLength: 60 }), fc.nat(5), (order, pause) => {
        const rig = target();
        for (const [i, place] of order.entries()) {
          const packet = PACKETS[place];
          if (packet !== undefined) expect(VERDICTS).toContain(rig.accept.accept(packet, i).verdict);
          if (i % 6 === pause) rig.drain();
        }
        for (const packet of PACKETS)
          expect(['accepted', 'duplicate']).toContain(rig.accept.accept(packet, 99).verdict);
        rig.drain();
        expect([rig.tree(), failures(rig)]).toEqual([TREE, []]);
      }),
      { numRuns: 60, endOnFailure: true },
    );
  });

  it('of any bytes is refused and leaves no trace', () => {
    const rig = target();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), fc.integer({ min: -5, max: 9 }), (records, to) => {
        const packet = { from: position(1), to: to as Packet['to'], epoch: 1, records };
        expect(rig.accept.accept(packet, 0).verdict).toBe('refused');
        expect(rig.accept.queued).toEqual({ records: 0, bytes: 0, memoryBytes: 0 });
      }),
      { numRuns: 300 },
    );
  });
});
