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
    const seen = JSON.parse(await check.stop()) as { samples: number; seen: number; ahead: number; last: number };

    expect(seen.ahead).toBe(0);
    expect(seen.seen).toBeGreaterThan(1000);
    expect(seen.last).toBeGreaterThan(Number(seconds) * 250);
    expect(await treeDifferences(source, replica)).toEqual([]);
  });
});
