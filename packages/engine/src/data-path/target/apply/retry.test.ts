import { describe, expect, it } from 'vitest';
import { FileError } from '../../../ports.ts';
import { sayRoot } from '../testing/mirror-source.ts';
import { ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';
import { isFull, retryDelay } from './retry.ts';

const delays = (code: string, tries: number) => Array.from({ length: tries }, (_, i) => retryDelay(code, i + 1));

describe('[TRM2] what fails is tried again', () => {
  it('after twice the time each time, up to ten seconds, and for ever where somebody can mend it', () => {
    const growing = [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000];
    for (const code of ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENOMEM'])
      expect(delays(code, 9), code).toEqual(growing);
    for (const tries of [100, 1e6, Number.MAX_SAFE_INTEGER]) expect(retryDelay('ENOSPC', tries)).toBe(10_000);
  });

  it('seven times where it may pass or not, then it is given up', () => {
    for (const code of ['EIO', 'EBUSY', 'ETXTBSY', 'ETIMEDOUT'])
      expect(delays(code, 9), code).toEqual([100, 200, 400, 800, 1600, 3200, 6400, null, null]);
  });

  it('not at all where time mends nothing', () => {
    for (const code of ['EPERM', 'EACCES', 'ENOENT', 'ESTALE', 'ENAMETOOLONG', 'EINVAL', ''])
      expect(retryDelay(code, 1), code).toBeNull();
  });

  it.each([
    ['ENOSPC', true],
    ['EDQUOT', true],
    ['EROFS', false],
    ['EIO', false],
  ])('%s says that no room is left: %s', (code, full) => expect(isFull(code)).toBe(full));
});

describe('[TRM2] an operation that fails', () => {
  it('waits longer and longer, is not tried before, and the next one that fails begins with the shortest time', () => {
    const rig = new Rig();
    const source = new ModelSource();
    sayRoot(source, ROOT_PATH);
    rig.run(source.records);
    const waits = { a: [] as number[], c: [] as number[] };
    let tried = 0;
    let left = 5;
    rig.replica.beforeChange = (call) => {
      if (call !== 'pwrite') return;
      tried += 1;
      left -= 1;
      if (left >= 0) throw new FileError('EMFILE', call);
    };
    for (const one of ['a', 'c'] as const) {
      left = 5;
      source.write(source.make(source.root, one, REGULAR), 0, [1]);
      rig.records = source.records;
      rig.send(rig.apply.stream.applied + 1);
      for (let effects = rig.step(); effects.retryAtMs !== null; effects = rig.step()) {
        waits[one].push(effects.retryAtMs - rig.nowMs);
        const before = tried;
        rig.nowMs = effects.retryAtMs - 1;
        rig.step();
        expect(tried).toBe(before);
        rig.nowMs += 1;
      }
    }
    expect(waits).toEqual({ a: [100, 200, 400, 800, 1600], c: [100, 200, 400, 800, 1600] });
    expect(rig.tree()).toEqual(source.tree());
  });
});
