import { describe, expect, it, onTestFinished } from 'vitest';
import { TakeoverScene } from '../testing.ts';
import { JobTests } from './job-tests.ts';
import type { TestedReplica } from './test-failover.ts';

const SERVICES = {
  services: [{ name: 'db', start: ['/bin/true'] }],
  addresses: [{ address: '192.0.2.9/24', interface: 'eth0' }],
};

function open(failover: object = SERVICES) {
  const scene = new TakeoverScene({ failover });
  onTestFinished(() => scene.close());
  const asked: { replica: TestedReplica; by: string | null }[] = [];
  const keptOnly: string[][] = [];
  const tests = {
    run: async (replica: TestedReplica, by: string | null) => {
      asked.push({ replica, by });
      return {} as never;
    },
    sweep: async () => undefined,
    keepOnly: (jobIds: ReadonlySet<string>) => keptOnly.push([...jobIds]),
  };
  const base = { name: 'beta', logger: {} as never, events: {} as never };
  return {
    scene,
    asked,
    keptOnly,
    jobs: new JobTests({ base, targets: scene.targets, takeovers: scene.takeovers, tests }),
  };
}

describe('a test failover by name', () => {
  it('knows the directories on both sides, the services, and that the replica is good', async () => {
    const { scene, asked, jobs } = open();
    await scene.replicated();
    await jobs.run('files', 'anna');
    expect(asked).toMatchObject([
      { by: 'anna', replica: { name: 'files', whyNot: null, addresses: ['192.0.2.9/24'] } },
    ]);
    const [{ replica } = { replica: null }] = asked;
    expect(replica?.roots).toEqual([
      { replica: scene.replica, source: '/data', kept: expect.stringMatching(/\/replicas\/\.understudy-[0-9a-f-]+$/) },
    ]);
    expect(replica?.services.map(({ name }) => name)).toEqual(['db']);
    expect(replica?.hand.facts()).toMatchObject({ applied: 4, complete: true });
  });

  it('holds what is applied, and lets it go on', async () => {
    const { scene, asked, jobs } = open();
    await scene.replicated();
    await jobs.run('files', 'bert');
    const hand = scene.targets.open(scene.id)?.hand;
    const first = asked[0]?.replica.hand.hold();
    const second = asked[0]?.replica.hand.hold();
    expect(hand?.isDiscarding).toBe(true);
    first?.();
    first?.();
    expect(hand?.isDiscarding).toBe(true);
    second?.();
    expect(hand?.isDiscarding).toBe(false);
  });

  it('is not made of a replica that is not whole, nor of one that has been taken over', async () => {
    const { scene, asked, jobs } = open();
    scene.greet();
    await jobs.run('files', 'bert');
    expect(asked[0]?.replica.whyNot).toContain('The replica of files is not whole');
    await scene.replicated();
    scene.order();
    await scene.phase('failed-over');
    await jobs.run('files', 'bert');
    expect(asked[1]?.replica.whyNot).toContain('This server has taken over files already');
    await expect(jobs.run('other', 'bert')).rejects.toThrow('This server keeps no replica of a job named other.');
  });

  it('forgets with a job that its source has deleted what its tests came to', async () => {
    const { scene, keptOnly, jobs } = open();
    onTestFinished(() => jobs.close());
    scene.greet();
    await jobs.start();
    scene.greet({ intent: 'leave' });
    jobs.close();
    await jobs.start();
    expect(keptOnly).toEqual([[scene.id], []]);
  });
});
