import { brand, type RawName } from '@understudy/base';
import { FileError } from '@understudy/engine';
import { beforeEach, describe, expect, it } from 'vitest';
import { type GuardPast, type GuardPorts, giveBack, ReplicaGuard, ReplicaHeld } from './replica-guard.ts';

const raw = (text: string) => brand<RawName>(text);
const nobody = { writers: [], standing: [] };
const NOTHING = { count: 0, first: [] };
const WRITER = { pid: 7, command: 'postgres', path: raw('/r/base/1') };

describe('[TRM3] the guard of a replica', () => {
  let covered: Set<string>;
  let told: string[];
  let ports: GuardPorts;
  const tell = (code: string, _severity: string, sentence: string) => void told.push(`${code}: ${sentence}`);
  const guard = () => new ReplicaGuard(ports, tell);
  beforeEach(() => {
    covered = new Set();
    told = [];
    ports = {
      cover: (path) => void covered.add(path),
      isCovered: (path) => covered.has(path),
      uncover: (path) => {
        covered.delete(path);
        return [];
      },
      holders: () => nobody,
      ways: () => [],
      changedSince: () => NOTHING,
    };
  });

  it('covers each root and says that others are refused', () => {
    const one = guard();
    one.opened(raw('/r'));
    one.opened(raw('/s'));
    expect([[...covered], one.state.state, told]).toEqual([['/r', '/s'], 'refused', []]);
  });

  it('names who holds a file open for writing, and leaves everything as it was', () => {
    const one = guard();
    one.opened(raw('/other'));
    ports = { ...ports };
    const held = new ReplicaGuard({ ...ports, holders: () => ({ writers: [WRITER], standing: [] }) }, tell);
    expect(() => held.opened(raw('/r'))).toThrow(ReplicaHeld);
    expect(() => held.opened(raw('/r'))).toThrow(/process 7 \(postgres: \/r\/base\/1\)/);
    expect([...covered]).toEqual(['/other']);
  });

  it('takes its mounts away again when somebody was quicker, those of the other roots too', () => {
    let looks = 0;
    const holders = () => {
      looks += 1;
      // Roots are looked at before and behind the mount, and once for who stands there.
      return looks < 5 ? nobody : { writers: [WRITER], standing: [] };
    };
    const one = new ReplicaGuard({ ...ports, holders }, tell);
    one.opened(raw('/r'));
    expect(() => one.opened(raw('/s'))).toThrow(ReplicaHeld);
    expect([...covered]).toEqual([]);
  });

  it('says that it cannot protect, and lets the job go on', () => {
    const cover = () => {
      throw new FileError('EPERM', 'open_tree');
    };
    const one = new ReplicaGuard({ ...ports, cover }, tell);
    one.opened(raw('/r'));
    expect(one.state.state).toBe('unguarded');
    expect(one.state.sentence).toMatch(/not protected against other writers.*EPERM.*CAP_SYS_ADMIN/);
    expect(told).toEqual([`replica-unguarded: ${one.state.sentence}`]);
  });

  it('knows a mount that an earlier process left, and keeps it though a writer turns up', () => {
    covered.add('/r');
    guard().opened(raw('/r'));
    expect([...covered]).toEqual(['/r']);
    const held = new ReplicaGuard({ ...ports, holders: () => ({ writers: [WRITER], standing: [] }) }, tell);
    expect(() => held.opened(raw('/r'))).toThrow(ReplicaHeld);
    expect([...covered]).toEqual(['/r']);
  });

  it('says what goes past it', () => {
    const holders = () => ({ writers: [], standing: [{ pid: 9, command: 'bash', path: raw('/r/sub') }] });
    const one = new ReplicaGuard({ ...ports, holders, ways: () => [raw('/mnt/r')] }, tell);
    one.opened(raw('/r'));
    expect(told.join('\n')).toMatch(/process 9 \(bash: \/r\/sub\)[\s\S]*by way of \/mnt\/r/);
  });

  describe('whose mount is not there any more while the job goes on', () => {
    let openings: string[];
    const late = (guarded: GuardPast['guarded']) => {
      openings = [];
      return new ReplicaGuard(ports, tell, { guarded, opened: (sentence) => openings.push(sentence) });
    };
    const CHANGED = { count: 4, first: ['a', 'b', 'c'].map((name) => raw(`/r/${name}`)) };

    it.each([
      ['nothing kept others from it before', null, NOTHING, []],
      [
        'an agent that ended in order took it away, and nobody wrote',
        { liftedAt: 5 },
        NOTHING,
        [/^replica-unchanged: .*nobody did/],
      ],
      [
        'somebody wrote since',
        { liftedAt: 5 },
        CHANGED,
        [/^replica-changed: .*\/r\/a, \/r\/b, \/r\/c and 1 more\. Both sides are compared/],
      ],
      ['that cannot be told', { liftedAt: 5 }, null, [/^replica-guard-lost: .*could write.* Both sides are compared/]],
      [
        'somebody, or a reboot, took it away',
        {},
        NOTHING,
        [/^replica-guard-lost: .*was not there any more\. Both sides are compared/],
      ],
    ])('says what that comes to where %s', (_what, guarded, changed, said) => {
      const asked: number[] = [];
      ports.changedSince = (_path, sinceMs) => {
        asked.push(sinceMs);
        return changed;
      };
      late(guarded).opened(raw('/r'));
      expect(told).toEqual(said.map((words) => expect.stringMatching(words)));
      expect(asked).toEqual(guarded !== null && 'liftedAt' in guarded ? [5] : []);
      expect(openings).toHaveLength(told.filter((one) => one.includes('Both sides')).length);
      expect([...covered]).toEqual(['/r']);
    });

    it('is none where the mount of a killed agent still lies there', () => {
      covered.add('/r');
      late({}).opened(raw('/r'));
      expect([told, openings]).toEqual([[], []]);
    });
  });

  it('gives back innermost first, until nothing is left, and says what stays', () => {
    const layers = new Map([
      ['/r', 1],
      ['/r/in', 2],
    ]);
    const taken: string[] = [];
    const uncover = (path: RawName) => {
      taken.push(path);
      layers.set(path, (layers.get(path) ?? 0) - 1);
      return path === '/r' ? [raw('/r/disk')] : [];
    };
    const isCovered = (path: RawName) => {
      if (path === '/gone') throw new FileError('ENOENT', 'realpath');
      return (layers.get(path) ?? 0) > 0;
    };
    giveBack([raw('/r'), raw('/gone'), raw('/r/in')], { ...ports, uncover, isCovered }, tell);
    expect(taken).toEqual(['/r/in', '/r', '/r/in']);
    expect(told).toEqual([expect.stringMatching(/^replica-guard-stays: .*\/r\/disk/)]);
  });
});
