import { expect } from 'vitest';
import { describeWithFuse, replicaOf, staged, startLoad, treeDifferences } from '../bootstrap/index.ts';

describeWithFuse('every verb', () => {
  staged(
    '[FSI1] [TRM4] what applications do arrives with all metadata, mirrored and replicated',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source', 'verbs');
      const to = stage.folder('replica');
      const replica = replicaOf(to, source);
      // Space that was allocated and never written is carried by the operation, not by the mirror: only the second tree shows it.
      const options = ['--atime-below', 'times', '--space-below', 'replicated'];
      const differences = () => treeDifferences(source, replica, ...options);

      // Made before the protection begins: the mirror must carry it.
      await startLoad('verbs', [source, 'mirrored']).finished();
      await stage.client.protect({
        name: 'verbs',
        source: 'alpha',
        target: 'beta',
        include: [source],
        to,
        intercept: 'fuse',
      });
      await stage.client.flush('verbs');
      expect(await differences(), 'after the mirror').toEqual([]);

      // Made under protection: every call is replicated.
      await startLoad('verbs', [source, 'replicated']).finished();
      await stage.client.flush('verbs');
      expect(await differences(), 'after the operations').toEqual([]);

      for (const tree of ['mirrored', 'replicated']) await startLoad('verbs', [source, tree, '--change']).finished();
      await stage.client.flush('verbs');
      expect(await differences(), 'after changes to both').toEqual([]);
      expect((await stage.client.status('verbs')).state).toBe('protected');
    },
  );
});
