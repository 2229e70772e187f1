import { position } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { Unapplied } from './unapplied.ts';

const at = (n: number) => position(n);

describe('[TCM4] the oldest operation that is sent and not applied', () => {
  it('is told until it is applied, whatever has been received', () => {
    const unapplied = new Unapplied();
    expect(unapplied.oldestTimeMs).toBeNull();
    unapplied.add({ to: at(3), firstTimeMs: 10 });
    unapplied.add({ to: at(5), firstTimeMs: 20 });
    unapplied.applied(at(2));
    expect(unapplied.oldestTimeMs).toBe(10);
    unapplied.applied(at(3));
    expect(unapplied.oldestTimeMs).toBe(20);
    unapplied.applied(at(5));
    expect(unapplied.oldestTimeMs).toBeNull();
    unapplied.add({ to: at(6), firstTimeMs: 30 });
    expect(unapplied.oldestTimeMs).toBe(30);
  });

  it('keeps so many packets and no more: then it is rather too old than too new', () => {
    const unapplied = new Unapplied();
    const packets = 10_000;
    for (let i = 1; i <= packets; i += 1) unapplied.add({ to: at(i), firstTimeMs: i });
    unapplied.applied(at(4000));
    expect(unapplied.oldestTimeMs).toBe(4001);
    unapplied.applied(at(9000));
    expect(unapplied.oldestTimeMs).toBe(4096);
    unapplied.applied(at(packets));
    expect(unapplied.oldestTimeMs).toBeNull();
    unapplied.add({ to: at(packets + 1), firstTimeMs: 5 });
    expect(unapplied.oldestTimeMs).toBe(5);
  });

  it('knows no time of what another process has sent and the target only received', () => {
    const unapplied = new Unapplied();
    unapplied.add({ to: at(3), firstTimeMs: 10 });
    unapplied.goOn({ received: at(9), applied: at(4) });
    expect(unapplied.oldestTimeMs).toBe(0);
    unapplied.add({ to: at(12), firstTimeMs: 50 });
    unapplied.applied(at(9));
    expect(unapplied.oldestTimeMs).toBe(50);
    unapplied.clear(at(20));
    expect(unapplied.oldestTimeMs).toBeNull();
  });

  it('[TCM4] stands before all times that are known, where a target that lost power has to apply again', () => {
    const unapplied = new Unapplied();
    for (let n = 1; n <= 5; n += 1) unapplied.add({ to: position(n * 10), firstTimeMs: n * 100 });
    unapplied.applied(position(30));
    unapplied.wentBack({ received: position(40), applied: position(5) });
    expect(unapplied.oldestTimeMs).toBe(0);
    unapplied.applied(position(40));
    expect(unapplied.oldestTimeMs).toBe(500);
  });
});
