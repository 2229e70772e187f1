import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { JobScene } from '../testing/scene-of-jobs.ts';

describe('farewells of deleted jobs', () => {
  let scene: JobScene;
  beforeEach(() => {
    scene = new JobScene();
  });
  afterEach(() => scene.close());

  it('a name is free as soon as its job is deleted, though the target is still being told', async () => {
    await scene.create('files');
    let told = (_: string | null) => {};
    scene.leave = () =>
      new Promise((resolve) => {
        told = resolve;
      });
    const deleting = scene.jobs.delete('files');
    await vi.waitFor(() => expect(scene.jobs.names()).toEqual([]));
    await scene.create('files');
    told('it cannot be reached');
    await deleting;
    expect(scene.jobs.names()).toEqual(['files']);
  });

  it('a target that could not be told of a deleted job is told after a restart', async () => {
    await scene.create('files');
    scene.leave = async () => 'it cannot be reached';
    await scene.jobs.delete('files');
    await scene.restart();
    expect(scene.store.departed().map(({ definition }) => definition.name)).toEqual(['files']);
    scene.leave = async () => null;
    await scene.restart();
    await vi.waitFor(() => expect(scene.events).toContain('files target-told'));
    expect(scene.store.departed()).toEqual([]);
  });
});
