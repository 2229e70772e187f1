import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { InFlight } from './in-flight.ts';

const node = (id: number): NodeId => brand<NodeId>(BigInt(id));
const place = { parent: node(1), name: 'x' as never };

describe('[MIR3] what is in flight', () => {
  let marks: ((applied: boolean) => void)[];
  let finished: bigint[];
  let again: string[];
  let lost: number;
  let flight: InFlight;
  beforeEach(() => {
    marks = [];
    finished = [];
    again = [];
    lost = 0;
    flight = new InFlight({
      mark: (settle) => marks.push(settle),
      unanswered: (_, one) => again.push(`known ${one}`),
      again: (questions, silent) => {
        for (const one of questions) again.push(`asked ${one.node}`);
        for (const one of silent) again.push(`silent ${one.node} ${one.offset}`);
      },
      finished: (_, nodes) => finished.push(...nodes),
      lost: () => {
        lost += 1;
      },
      settled: () => {},
    });
  });

  const applied = (outcome = true): void => marks.shift()?.(outcome);

  it('a file counts as finished once all that was said of it is applied, and not before', () => {
    flight.finishing(0, node(5));
    flight.flush();
    expect([finished, flight.empty]).toEqual([[], false]);
    applied();
    expect([finished, flight.empty]).toEqual([[5n], true]);
  });

  it('a stretch that differs has to be applied too', () => {
    flight.askedSilently({ root: 0, node: node(5), offset: 0, extent: 4096 });
    flight.finishing(0, node(5));
    flight.flush();
    flight.owes(0, node(5));
    applied();
    expect(finished).toEqual([]);
    flight.finishing(0, node(5), 1);
    flight.flush();
    applied();
    expect(finished).toEqual([5n]);
  });

  it('a question without an answer is asked again, an answered one is not', () => {
    flight.asked({ root: 0, node: node(5), place });
    flight.asked({ root: 0, node: node(6), place });
    flight.answered(0, node(5));
    flight.flush();
    applied();
    expect(again).toEqual(['asked 6']);
  });

  it('what is answered only where it differs is asked again only when a link was lost', () => {
    for (const isLost of [false, true]) {
      flight.askedSilently({ root: 0, node: node(5), offset: 4096, extent: 4096 });
      flight.finishing(0, node(5));
      flight.flush();
      if (isLost) flight.linkLost();
      applied();
      expect(again).toEqual(isLost ? ['silent 5 4096'] : []);
      expect(finished).toEqual([5n]);
    }
    flight.finishing(0, node(5), 1);
    flight.flush();
    applied();
    expect(finished).toEqual([5n, 5n]);
  });

  it('what is answered only where the target does not know it is known where no answer came, and asked again where one was lost', () => {
    for (const isLost of [false, true]) {
      flight.askedQuietly({ root: 0, node: node(5), place });
      flight.askedQuietly({ root: 0, node: node(6), place });
      expect(flight.awaits(0, node(5))).toBe(true);
      flight.answered(0, node(6));
      flight.flush();
      if (isLost) flight.linkLost();
      expect([flight.awaits(0, node(5)), flight.awaits(0, node(6)), again]).toEqual([true, false, []]);
      applied();
      expect([flight.awaits(0, node(5)), again.splice(0)]).toEqual([false, [isLost ? 'asked 5' : 'known 5']]);
    }
  });

  it('a listing that is wanted again is not finished by the first', () => {
    flight.asked({ root: 0, node: node(5), place: null });
    flight.finishing(0, node(5));
    flight.flush();
    flight.refuted(0, node(5));
    applied();
    expect([finished, again]).toEqual([[], []]);
  });

  it('closes its groups by itself, so that no more is asked again than fits into one', () => {
    for (let i = 0; i < 2000; i += 1) flight.asked({ root: 0, node: node(i), place });
    expect(marks.length).toBeGreaterThan(2);
  });

  it('a mark that is lost loses the run', () => {
    flight.finishing(0, node(5));
    flight.flush();
    applied(false);
    expect([lost, finished]).toEqual([1, []]);
  });
});
