import { type NodeId, record, Verb } from '@understudy/wire';
import { expect, it } from 'vitest';
import { DirtyMap, NOTHING_TAKEN } from '../../data-path/source/queue/dirty-map.ts';
import { TO_THE_END } from '../../data-path/source/queue/ranges.ts';
import { isMistakable, noteMistakable } from './mistakable.ts';

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

it('[SRM2] stretches that wait for a repair are looked at to the end of the file once something before them is put in or taken out', () => {
  const dirty = new DirtyMap();
  const [known, compared, other] = [1n, 2n, 3n] as NodeId[] as [NodeId, NodeId, NodeId];
  dirty.addRange(0, known, 8192, 12_288, 'queue-full');
  dirty.addCompare(0, compared, 8192, 12_288, 'power-cut');
  for (const node of [known, compared, other])
    noteMistakable({ ...shift, node, offset: 4096 }, { mirror: null, incomplete: false, dirty });
  expect(dirty.items()).toEqual([
    { kind: 'ranges', root: 0, node: known, ranges: [8192, 12_288] },
    { kind: 'compare', root: 0, node: compared, ranges: [4096, TO_THE_END] },
    { kind: 'compare', root: 0, node: known, ranges: [4096, TO_THE_END] },
  ]);
});
