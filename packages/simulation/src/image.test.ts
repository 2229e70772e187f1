import { describe, expect, it } from 'vitest';
import { ContentHashes, SourceNodes, sourceImage } from './image.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import { Workload } from './workload.ts';

describe('the picture of the source', () => {
  it('[promise] made of what is kept of each file is the one that is made anew, whatever was changed', async () => {
    const random = new SeededRandom(3);
    const scopes = ['whole', 'exclude-name'] as const;
    const pair = new Pair({ random, memoryBytes: 1 << 26, ringBytes: 1 << 22, scopes, disk: 'good' });
    const { fs, tops, contents } = pair;
    const work = new Workload({ fs, tops, random, changed: (node) => contents.changed(node) });
    await pair.source.start();
    let back = fs.snapshot();
    for (let i = 0; i < 3_000; i += 1) {
      work.step();
      if (i % 10 === 0) work.burst(random, () => {});
      if (i % 400 === 399) {
        for (const node of fs.nodeIds()) contents.changed(node);
        back();
        back = fs.snapshot();
      }
      if (i % 7 !== 0) continue;
      const anew = new SourceNodes(new ContentHashes(), (node) => fs.versionOf(node));
      const pictures = pair.source.roots.map(({ files }, at) => {
        const path = at === 0 ? '/data' : '/more1';
        const root = { scope: pair.scopeOf(at), path };
        return sourceImage(files, root, anew).map((line) => path + line);
      });
      expect(pair.sourceImage()).toEqual(pictures.flat());
    }
  });
});
