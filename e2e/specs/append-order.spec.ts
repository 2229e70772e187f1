import { expect } from 'vitest';
import { describeWithFuse, replicaOf, sized, staged, startLoad, treeDifferences } from '../bootstrap/index.ts';

describeWithFuse('order across files', () => {
  staged('[FSI2] the target never shows B ahead of A', ['alpha', 'beta'], async (stage) => {
    const source = stage.folder('source', 'appends');
    const to = stage.folder('replica');
    await stage.client.protect({
      name: 'order',
      source: 'alpha',
      target: 'beta',
      include: [source],
      to,
      intercept: 'fuse',
    });
    const replica = replicaOf(to, source);

    const check = startLoad('append-order', [replica, '--check']);
    const seconds = String(sized(30, 12));
    await startLoad('append-order', [source, '--seconds', seconds, '--interval-us', '2000']).finished();
    await stage.client.flush('order');
    // The load itself fails on a line that is torn elsewhere than at a page's end, or reads otherwise than it was written.
    const seen = JSON.parse(await check.stop()) as Record<'seen' | 'ahead' | 'cut' | 'torn' | 'wrong' | 'last', number>;
    console.info(`lines seen cut at the end of a page: ${seen.cut} of ${seen.seen} samples`);

    expect([seen.ahead, seen.torn, seen.wrong]).toEqual([0, 0, 0]);
    expect(seen.seen).toBeGreaterThan(1000);
    expect(seen.last).toBeGreaterThan(Number(seconds) * 250);
    expect(await treeDifferences(source, replica)).toEqual([]);
  });

  // Why a cut line is no fault of replication: with nothing but the file system between writer and reader it is the same.
  staged('a bare file system cuts lines at the ends of pages and nowhere else', [], async (stage) => {
    const bare = stage.folder('bare');
    const seen = JSON.parse(await startLoad('append-order', [bare, '--bare', '--seconds', '3']).finished()) as Record<
      'samples' | 'crossings' | 'cut' | 'torn',
      number
    >;
    console.info(`lines seen cut on the bare file system: ${seen.cut} of ${seen.crossings} that cross a page`);
    expect(seen.torn).toBe(0);
    expect(seen.samples).toBeGreaterThan(10_000);
    expect(seen.crossings).toBeGreaterThan(100);
  });
});
