import { type Position, position } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { SourceCommunicationManager } from './source-communication-manager.ts';
import type { LoggedPacket } from './transaction-log.ts';

const packet = (at: number, bytes = 100): LoggedPacket => ({
  from: position(at),
  to: position(at),
  bytes: new Uint8Array(bytes),
  count: 1,
  firstTimeMs: at,
  origin: 0,
  first: 0,
});

/** Packets 1, 2, 3 … as long as anyone asks. */
function endless(bytes = 100): () => LoggedPacket {
  let at = 0;
  return () => {
    at += 1;
    return packet(at, bytes);
  };
}

function sent(
  scm: SourceCommunicationManager<LoggedPacket>,
  take: () => LoggedPacket | undefined,
  most = 100,
): Position[] {
  const positions: Position[] = [];
  for (let p = scm.next(take); p !== undefined && positions.length < most; p = scm.next(take)) positions.push(p.from);
  return positions;
}

const linked = (window = { bytes: 300, packets: 10 }): SourceCommunicationManager<LoggedPacket> => {
  const scm = new SourceCommunicationManager({ received: position(0), window });
  scm.linkUp(position(0), position(0));
  return scm;
};

describe('SCM', () => {
  it('[SCM2] has no more under way than its window holds, in bytes and in packets', () => {
    expect(sent(linked(), endless())).toEqual([1, 2, 3]);
    expect(sent(linked({ bytes: 1 << 20, packets: 4 }), endless())).toEqual([1, 2, 3, 4]);
  });

  it('[SCM2] an acknowledgement makes room, and never goes back', () => {
    const scm = linked();
    const take = endless();
    sent(scm, take);
    scm.acknowledged(position(2), position(1));
    scm.acknowledged(position(1), position(0));
    expect([scm.received, scm.applied, scm.inFlightBytes]).toEqual([2, 1, 100]);
    expect(sent(scm, take)).toEqual([4, 5]);
  });

  it('[SCM2] sends again what a broken link may have lost, before anything new, and counts it', () => {
    const scm = linked();
    const take = endless();
    sent(scm, take);
    scm.linkDown();
    expect(scm.next(take)).toBeUndefined();
    scm.linkUp(position(1), position(1));
    expect(sent(scm, take)).toEqual([2, 3, 4]);
    expect([scm.sentBytes, scm.resentBytes]).toEqual([600, 200]);
  });

  it('[TCM1] a resend that is asked for twice is sent from the later question on', () => {
    const scm = linked();
    const take = endless();
    sent(scm, take);
    scm.resend(position(1));
    expect(scm.next(take)?.from).toBe(1);
    scm.resend(position(3));
    expect(scm.next(take)?.from).toBe(3);
    expect(scm.next(take)).toBeUndefined();
  });

  it('[TCM6] a full target pauses everything, a new link ends the pause', () => {
    const scm = linked();
    const take = endless();
    scm.setPaused(true);
    scm.resend(position(1));
    expect(scm.next(take)).toBeUndefined();
    scm.linkDown();
    scm.linkUp(position(0), position(0));
    expect(scm.next(take)?.from).toBe(1);
  });

  it('gives the bytes of a received packet back, but never of one that may still wait in a socket a second time', () => {
    const freed: Uint8Array[] = [];
    const window = { bytes: 300, packets: 10 };
    const scm = new SourceCommunicationManager({
      received: position(0),
      window,
      freed: ({ bytes }, reuse) => reuse && freed.push(bytes),
    });
    scm.linkUp(position(0), position(0));
    sent(scm, endless());
    scm.resend(position(2));
    scm.acknowledged(position(3), position(3));
    expect(freed.length).toBe(1);
  });

  it('a stream that begins anew owes nothing of the old one', () => {
    const scm = linked();
    sent(scm, endless());
    scm.restart(position(50));
    expect([scm.inFlightBytes, scm.received, scm.applied, scm.oldestPosition]).toEqual([0, 49, 49, 50]);
    expect(scm.next(() => undefined)).toBeUndefined();
  });
});
