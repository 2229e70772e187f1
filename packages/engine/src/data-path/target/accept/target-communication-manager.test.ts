import { concatBytes } from '@understudy/base';
import { encodeRecord, position, record, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Packet } from './packet.ts';
import { TargetCommunicationManager } from './target-communication-manager.ts';

function packet(from: number, to: number, epoch = 1): Packet {
  const parts: Uint8Array[] = [];
  for (let p = from; p <= to; p += 1) parts.push(encodeRecord(record({ verb: Verb.marker, sequence: p })));
  return { from: position(from), to: position(to), epoch, records: concatBytes(parts) };
}

describe('the target communication manager', () => {
  let tcm: TargetCommunicationManager;
  const taken = (): number[] => {
    const positions: number[] = [];
    for (let r = tcm.queue.peek(); r !== undefined; r = tcm.queue.peek()) {
      positions.push(r.sequence);
      tcm.queue.shift();
    }
    return positions;
  };

  beforeEach(() => {
    tcm = new TargetCommunicationManager({ records: 10, bytes: 1 << 20 });
    tcm.start({ applied: position(0), epoch: 1, keepQueue: false });
  });

  it('[TCM1] accepts the next position only, and asks for a gap once per interval', () => {
    expect(tcm.accept(packet(1, 3), 0).verdict).toBe('accepted');
    expect(tcm.accept(packet(5, 6), 10)).toMatchObject({ verdict: 'gap', resend: { from: 4 } });
    expect(tcm.accept(packet(7, 8), 20)).toMatchObject({ verdict: 'gap', resend: null });
    expect(tcm.tick(509).resend).toBeNull();
    expect(tcm.tick(510).resend).toEqual({ from: 4 });
    expect(tcm.accept(packet(4, 8), 520).verdict).toBe('accepted');
    expect(tcm.tick(5000).resend).toBeNull();
    expect(taken()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('[TCM2] a packet below the next expected position is acknowledged and dropped, one that reaches beyond is cut', () => {
    tcm.accept(packet(1, 4), 0);
    expect(tcm.accept(packet(2, 4), 0)).toMatchObject({ verdict: 'duplicate', acknowledge: true });
    expect(tcm.accept(packet(3, 6), 0).verdict).toBe('accepted');
    expect(taken()).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('[TCM3] a packet of an older epoch is refused as superseded, one of an unannounced epoch as a breach of protocol', () => {
    tcm.start({ applied: position(0), epoch: 3, keepQueue: false });
    expect(tcm.accept(packet(1, 1, 2), 0).refuse?.code).toBe('superseded');
    expect(tcm.accept(packet(1, 1, 4), 0).refuse?.code).toBe('protocol');
    expect(tcm.queued.records).toBe(0);
  });

  it('[TCM4] tells received and applied, and neither before it is applied', () => {
    tcm.accept(packet(1, 4), 0);
    expect([tcm.received, tcm.applied]).toEqual([0, 0]);
    tcm.queue.shift();
    tcm.noteApplied(position(1), 0);
    expect([tcm.received, tcm.applied]).toEqual([1, 1]);
  });

  it('[TCM6] pauses the source when full, drops nothing for good, and asks again when there is room', () => {
    expect(tcm.accept(packet(1, 10), 0)).toMatchObject({ flow: 'pause', condition: { state: 'full' } });
    expect(tcm.accept(packet(11, 12), 1)).toMatchObject({ verdict: 'full', resend: null });
    for (let i = 0; i < 4; i += 1) tcm.queue.shift();
    expect(tcm.noteApplied(position(4), 2).flow).toBeNull();
    tcm.queue.shift();
    expect(tcm.noteApplied(position(5), 3)).toMatchObject({
      flow: 'resume',
      resend: { from: 11 },
      condition: { state: 'ok' },
    });
    expect(tcm.accept(packet(11, 12), 4).verdict).toBe('accepted');
  });

  it('keeps what is queued when the same stream goes on, and forgets it when another begins', () => {
    tcm.accept(packet(1, 4), 0);
    tcm.start({ applied: position(0), epoch: 1, keepQueue: true });
    expect(tcm.accept(packet(1, 5), 0).verdict).toBe('accepted');
    expect(tcm.queued.records).toBe(5);
    tcm.start({ applied: position(20), epoch: 1, keepQueue: false });
    expect(tcm.queued).toEqual({ records: 0, bytes: 0, memoryBytes: 0 });
    expect(tcm.accept(packet(21, 21), 0).verdict).toBe('accepted');
  });

  const spoilt: [string, () => Packet][] = [
    [
      'positions that are not dense',
      () => ({ ...packet(1, 2), records: concatBytes([packet(1, 1).records, packet(3, 3).records]) }),
    ],
    ['more records than announced', () => ({ ...packet(1, 3), to: position(2) })],
    ['fewer records than announced', () => ({ ...packet(1, 2), to: position(3) })],
    ['a record that is cut off', () => ({ ...packet(1, 2), records: packet(1, 2).records.subarray(0, 300) })],
    ['no range', () => ({ ...packet(1, 1), to: position(0) })],
    ['a verb of the ring', () => of({ verb: Verb.gap })],
    ['a name that climbs out', () => of({ verb: Verb.create, name: '..' as never })],
    ['a name with a slash', () => of({ verb: Verb.unlink, name: 'a/b' as never })],
    ['an empty second name', () => of({ verb: Verb.rename, name: 'a' as never })],
  ];
  const of = (input: Parameters<typeof record>[0]): Packet => ({
    ...packet(1, 1),
    records: encodeRecord(record({ ...input, sequence: 1 })),
  });

  it.each(spoilt)('refuses a packet with %s', (_what, make) => {
    expect(tcm.accept(make(), 0)).toMatchObject({ verdict: 'refused', refuse: { code: 'protocol' } });
    expect(tcm.queued.records).toBe(0);
  });
});
