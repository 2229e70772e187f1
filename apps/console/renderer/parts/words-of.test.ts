import { describe, expect, test } from 'vitest';
import type { AtStake } from '../store/jobs.ts';
import { translator } from '../words/words.ts';
import { dirtyWords } from './words-of.ts';

const english = { t: translator('en'), locale: { tag: 'en-GB' }, language: 'en' as const };
const german = { t: translator('de'), locale: { tag: 'de' }, language: 'de' as const };

function stakeOf(changes: Partial<AtStake>): AtStake {
  const nothing = { files: 0, operations: 0, bytes: 0, dirtyItems: 0, dirtyBytes: 0, dirtyReasons: [], oldestMs: 3 };
  return { ...nothing, ...changes };
}

describe('[SRM2] what is dirty', () => {
  const stake = stakeOf({ dirtyItems: 1234, dirtyBytes: 4096, dirtyReasons: ['queue-full', 'power-cut'] });

  test('is told with how much, and with each reason in words', () => {
    expect(dirtyWords(english, stake)).toEqual([
      '1,234 places (4.0 KiB) may differ and would stay as they are on the replica.',
      'Why it may differ: the queue was full, the source lost power.',
    ]);
    expect(dirtyWords(german, stake)[1]).toBe(
      'Warum es vielleicht abweicht: die Warteschlange war voll, die Quelle verlor den Strom.',
    );
  });

  test('for a reason that only a later agent knows is told in that agent’s word, which moves nothing', () => {
    const later = stakeOf({ dirtyItems: 1, dirtyReasons: ['of-later\u0007'] });
    expect(dirtyWords(english, later)[1]).toBe('Why it may differ: of-later\\x07.');
  });

  test('is no line where it is nothing, and no empty reason of an agent that gives none', () => {
    expect(dirtyWords(english, stakeOf({}))).toEqual([]);
    expect(dirtyWords(english, stakeOf({ dirtyItems: 1 }))).toHaveLength(1);
  });
});
