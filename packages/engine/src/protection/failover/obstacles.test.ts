import { describe, expect, it } from 'vitest';
import { type ChosenTakeover, type KnownReplica, obstaclesTo } from './obstacles.ts';

const GOOD: KnownReplica = {
  known: true,
  complete: true,
  mirroring: false,
  failures: false,
  lostPower: false,
  brake: null,
  standing: { state: 'protected', good: true },
  rests: false,
  opened: null,
  linked: false,
};
const APPLY: ChosenTakeover = {
  data: 'apply',
  point: null,
  risks: [],
  sourceIsDown: true,
  witnessed: false,
  automatic: false,
};

const codes = (replica: Partial<KnownReplica>, chosen: Partial<ChosenTakeover> = {}) =>
  obstaclesTo({ ...GOOD, ...replica }, { ...APPLY, ...chosen }).map(({ code }) => code);

describe('what stands in the way of a failover', () => {
  it('nothing, of a good replica whose source is down', () => {
    expect(codes({})).toEqual([]);
    expect(codes({ standing: null })).toEqual([]);
  });

  it.each<[Partial<KnownReplica>, string]>([
    [{ complete: false, mirroring: true }, 'incomplete'],
    [{ standing: { state: 'repairing', good: false } }, 'not-good'],
    [{ opened: 'The mount was taken away.' }, 'not-good'],
    [{ mirroring: true }, 'not-good'],
    [{ failures: true }, 'not-good'],
    [{ lostPower: true }, 'power-cut'],
    [{ rests: true }, 'stopped'],
  ])('[FO2] a replica that is not known to be good, unless the operator names the risk: %j', (replica, code) => {
    expect(codes(replica)).toEqual([code]);
    expect(codes(replica, { risks: ['another'] })).toEqual([code]);
    expect(codes(replica, { risks: [code] })).toEqual([]);
  });

  it('[FO2] not where it goes back to a moment that was good', () => {
    const back = { data: 'rewind', point: '2026-11-29T06:00:00.000Z' } as const;
    expect(codes({ complete: false, mirroring: true }, back)).toEqual([]);
    expect(codes({}, { data: 'rewind' })).toEqual(['no-point']);
    expect(codes({}, { point: back.point })).toEqual(['no-point']);
  });

  it('[SAFE4] a brake that holds, which no risk moves', () => {
    expect(codes({ brake: 'held' }, { risks: ['brake'] })).toEqual(['brake']);
    expect(codes({ brake: 'held' }, { data: 'discard' })).toEqual([]);
    expect(codes({ brake: 'rolling-back' }, { data: 'discard' })).toEqual(['brake']);
    expect(codes({ brake: 'halted' })).toEqual([]);
  });

  it('[FO3] a source of which nobody says that it is down', () => {
    expect(codes({}, { sourceIsDown: false })).toEqual(['source-not-down']);
    expect(codes({}, { sourceIsDown: false, witnessed: true })).toEqual([]);
    expect(codes({}, { automatic: true })).toEqual(['no-witness']);
    const [linked] = obstaclesTo({ ...GOOD, linked: true }, { ...APPLY, sourceIsDown: false });
    expect(linked?.sentence).toMatch(/linked at this moment/);
  });

  it('a job of which the target knows too little', () => {
    expect(codes({ known: false, complete: false })).toEqual(['never-linked']);
  });
});
