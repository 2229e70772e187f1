import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import {
  copyData,
  describeWithFuse,
  mountsBelow,
  processesNaming,
  protectedFolder,
  staged,
  startLoad,
  treeDifferences,
  until,
} from '../bootstrap/index.ts';

describeWithFuse('stopping', () => {
  staged(
    'a stopped job leaves the directory as it was, and starts again with the differences',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, replica } = await protectedFolder(stage, 'stopping', {
        fill: (folder) => startLoad('verbs', [folder, 'before']).finished(),
      });
      expect(mountsBelow(source)).toHaveLength(1);
      await startLoad('verbs', [source, 'during']).finished();
      await stage.client.flush('stopping');

      await stage.client.job('stop', 'stopping');
      await until('the directory is unmounted', () => mountsBelow(source).length === 0);
      expect((await stage.client.status('stopping')).state).toBe('stopped');
      // Without the mount the directory holds what was written through it: the same as the replica.
      expect(await treeDifferences(source, replica)).toEqual([]);

      writeFileSync(join(source, 'while-stopped'), 'not replicated yet');
      await startLoad('verbs', [source, 'during', '--change']).finished();
      expect(existsSync(join(replica, 'while-stopped'))).toBe(false);
      await stage.client.job('start', 'stopping');
      await stage.client.reach('stopping', 'protected');
      await stage.client.flush('stopping');
      expect(await treeDifferences(source, replica)).toEqual([]);

      await stage.client.job('stop', 'stopping');
      await stage.client.job('delete', 'stopping');
      expect(JSON.stringify(await stage.client.jobs())).not.toContain('"stopping"');
      expect(mountsBelow(stage.root)).toEqual([]);
      expect(existsSync(join(replica, 'while-stopped')), 'deleting a job deletes nothing of its replica').toBe(true);
    },
  );

  staged(
    'while somebody uses the directory it stays as a pass-through, then goes by itself',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, replica } = await protectedFolder(stage, 'in-use');
      const load = startLoad('mixed', [source]);
      await until('the applications are at work', () => load.progress > 5);

      await stage.client.job('stop', 'in-use');
      expect(JSON.stringify(await stage.client.status('in-use')), 'the status names who uses it').toContain(
        String(load.pid),
      );
      const now = load.progress;
      await until('the applications go on', () => {
        load.assertRunning();
        return load.progress > now + 5;
      });
      await stage.folder('copies');
      await load.stop();
      await until('the directory is unmounted when the last user has gone', () => mountsBelow(source).length === 0);
      await copyData(source, join(stage.root, 'copies', 'after'));
      expect(readdirSync(replica).length).toBeGreaterThan(0);

      await stage.client.job('start', 'in-use');
      await stage.client.reach('in-use', 'protected');
      await stage.client.flush('in-use');
      expect(await treeDifferences(join(stage.root, 'copies', 'after'), source)).toEqual([]);
      expect(await treeDifferences(source, replica)).toEqual([]);
    },
  );

  staged('a paused job collects and a resumed one delivers', ['alpha', 'beta'], async (stage) => {
    const { source, replica } = await protectedFolder(stage, 'paused');
    await stage.client.job('pause', 'paused');
    expect((await stage.client.status('paused')).state).toBe('paused');
    await startLoad('storm', [source, '--operations', '3000']).finished();
    expect(readdirSync(replica)).toEqual([]);
    await stage.client.job('resume', 'paused');
    await stage.client.reach('paused', 'protected');
    await stage.client.flush('paused');
    expect(await treeDifferences(source, replica)).toEqual([]);
  });

  staged('stopped jobs and stopped agents leave no process and no mount behind', ['alpha', 'beta'], async (stage) => {
    await protectedFolder(stage, 'nothing-left');
    expect(stage.interceptorProcesses('alpha').fsid).toHaveLength(1);
    await stage.client.job('stop', 'nothing-left');
    for (const name of ['alpha', 'beta']) expect((await stage.agent(name).stop()).code).toBe(0);
    await until('no process of the agents is left', () => processesNaming(stage.homeOf('')).length === 0);
    expect(stage.interceptorProcesses('alpha')).toEqual({ fsid: [], holder: [] });
    expect(mountsBelow(stage.root)).toEqual([]);
    expect(readdirSync('/dev/shm').filter((name) => /understudy|fsi/.test(name))).toEqual([]);
    expect(await stage.close(), 'the reaper found nothing to do').toBe('');
  });
});
