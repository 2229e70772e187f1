import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReceivedSegments } from './received-segments.ts';

const PACKETS = 8;

/** Packets of ten operations each, with room for them. */
const packet = (n: number) => ({ from: n * 10 + 1, to: n * 10 + 10, origin: 1000 + n, elided: n % 2 === 1 });
const records = (n: number): Uint8Array => new Uint8Array(5000 + n).fill(n + 1);

describe('[TCM5] what a target has received', () => {
  let folder: string;
  const opened: ReceivedSegments[] = [];
  const open = (): ReceivedSegments => {
    const limits = { diskBytes: 1 << 20, minFreeBytes: 0 };
    const nothing = { durable: () => {}, alert: () => {}, failed: () => {} };
    const received = new ReceivedSegments({ folder, limits, ...nothing });
    opened.push(received);
    return received;
  };
  const held = (received: ReceivedSegments) => [...received.held()];
  const whole = (n: number) => ({ entry: n + 1, ...packet(n), bytes: records(n).length });
  const expectRecords = (received: ReceivedSegments, ...packets: number[]) => {
    for (const n of packets) expect([...received.read(n + 1)]).toEqual([...records(n)]);
  };
  const only = () => join(folder, readdirSync(folder).find((name) => name.endsWith('.segment')) ?? '');
  /** One bit of the records of a packet. */
  const damage = (n: number): void => {
    const bytes = readFileSync(only());
    const at = bytes.indexOf(records(n)) + 7;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(only(), bytes);
  };

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-received-'));
    const received = open();
    for (let n = 0; n < PACKETS; n += 1) received.append(packet(n), records(n));
    await received.flush();
  });
  afterEach(async () => {
    for (const received of opened.splice(0)) {
      received.close();
      await received.flush();
    }
    rmSync(folder, { recursive: true, force: true });
  });

  it('is there for the next process, packet by packet, as it came', () => {
    const received = open();
    expect([received.damage, received.durable]).toEqual([[], PACKETS + 1]);
    expect(held(received)).toEqual(Array.from({ length: PACKETS }, (_, n) => whole(n)));
    expectRecords(received, 0, 3, PACKETS - 1);
  });

  it('and is damaged is named with its file and not handed out; what lies before and behind it is', () => {
    damage(2);
    damage(5);
    const received = open();
    expect(received.damage.map(({ first, last, segment }) => [first, last, segment])).toEqual([
      [3, 3, only()],
      [6, 6, only()],
    ]);
    for (const { sentence } of received.damage) expect(sentence).toContain(only());
    expect(held(received)).toEqual([0, 1, 3, 4, 6, 7].map(whole));
    expectRecords(received, 1, 3, 7);
    expect(() => received.read(3)).toThrow(/entry 3 cannot be read back/);
  });

  it('is cut off from a packet on for good, and goes on there, over a restart', async () => {
    damage(5);
    const received = open();
    received.cut(6);
    expect(held(received)).toEqual([0, 1, 2, 3, 4].map(whole));
    const answer = received.append(packet(5), records(5));
    expect(answer).toMatchObject({ ok: true, entry: 6 });
    await received.flush();
    const again = open();
    expect([again.damage, held(again)]).toEqual([[], [0, 1, 2, 3, 4, 5].map(whole)]);
    expectRecords(again, 4, 5);
  });

  it('is not handed out again once it is needed no more, and all of it can be forgotten', () => {
    const received = open();
    received.free(3);
    expect(held(received)).toEqual([3, 4, 5, 6, 7].map(whole));
    received.clear();
    expect([held(received), held(open())]).toEqual([[], []]);
  });
});
