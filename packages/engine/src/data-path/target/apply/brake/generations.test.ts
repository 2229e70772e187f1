import { brand, type RawName } from '@understudy/base';
import { expect, it } from 'vitest';
import type { Handle } from '../../../../ports.ts';
import { MemoryReplica } from '../../../../testing/memory-replica.ts';
import { Generations } from './generations.ts';
import { lostOf } from './roll-back.ts';
import { encodeUndo, UndoKind } from './undo-log.ts';

const at = (position: number) => ({ position, wallMs: position * 1000, sourceMs: position * 1000 });
const lost = {
  ...{ handle: brand<Handle>('file'), path: 'letters' as RawName },
  ...{ place: null, uncertain: false, within: false },
};

it('[SAFE4] what a stretch could not take back is missing at the moments before it as well, over a restart', () => {
  const files = new MemoryReplica();
  const generations = new Generations(files);
  for (const position of [1, 2, 3]) generations.begin(at(position));
  generations.current?.log.append(encodeUndo(UndoKind.lost, [lost.handle, lost.path], [0]));
  generations.dropNewest();
  for (const one of [generations, new Generations(files)]) {
    expect(one.all.map(({ number }) => number)).toEqual([1, 2]);
    expect(one.all.map((each) => lostOf(files, each))).toEqual([[], [lost]]);
    expect(one.current?.lost).toBe(1);
  }
  generations.dropNewest();
  expect(generations.all.map((each) => lostOf(files, each))).toEqual([[lost]]);
});
