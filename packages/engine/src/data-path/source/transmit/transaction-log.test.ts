import { position } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { type LoggedPacket, TransactionLog } from './transaction-log.ts';

const packet = (from: number, to: number, bytes = 8): LoggedPacket => ({
  from: position(from),
  to: position(to),
  bytes: new Uint8Array(bytes),
  count: to - from + 1,
  firstTimeMs: from,
  origin: 0,
  first: 0,
});

describe('transaction log', () => {
  it('[SCM2] lets go of a packet only when all of it is received', () => {
    const log = new TransactionLog<LoggedPacket>();
    for (const [from, to] of [
      [1, 3],
      [4, 4],
      [5, 9],
    ] as const)
      log.add(packet(from, to, to));
    const freed: number[] = [];
    const free = (to: number) => log.free(position(to), (gone) => freed.push(gone.from));
    free(2);
    expect([log.size, log.bytes, log.oldestPosition(position(10))]).toEqual([3, 16, 1]);
    free(4);
    expect([log.size, log.bytes, log.oldestPosition(position(10)), log.oldest?.firstTimeMs]).toEqual([1, 9, 5, 5]);
    free(9);
    expect(freed).toEqual([1, 4, 5]);
    expect([log.size, log.bytes, log.oldestPosition(position(10))]).toEqual([0, 0, 10]);
  });

  it('[TCM1] hands out everything that holds a position asked for, also the packet it lies in the middle of', () => {
    const log = new TransactionLog<LoggedPacket>();
    for (const [from, to] of [
      [1, 3],
      [4, 6],
      [7, 9],
    ] as const)
      log.add(packet(from, to));
    expect([...log.since(position(5))].map((p) => p.from)).toEqual([4, 7]);
    expect([...log.since(position(10))]).toEqual([]);
    log.clear();
    expect([[...log.since(position(1))], log.bytes]).toEqual([[], 0]);
  });
});
