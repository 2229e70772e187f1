import { record, Verb } from '@understudy/wire';
import { expect, it } from 'vitest';
import { NOTHING_TAKEN } from '../../data-path/source/queue/dirty-map.ts';
import { isMistakable } from './mistakable.ts';

const INSERT = 32;
const PUNCH = 2 | 1;
const shift = record({ verb: Verb.fallocate, detail: INSERT });

it('[MIR1] content that is shifted is looked at once more where a mirror may have read it before or behind', () => {
  const mirror = { taken: NOTHING_TAKEN };
  expect(isMistakable(shift, mirror, false)).toBe(true);
  expect(isMistakable(shift, null, false)).toBe(false);
  // The mirror died with its process, and the ring is read once more.
  expect(isMistakable(shift, null, true)).toBe(true);
  expect(isMistakable(record({ verb: Verb.fallocate, detail: PUNCH }), null, true)).toBe(false);
  expect(isMistakable(record({ verb: Verb.create }), mirror, false)).toBe(false);
});
