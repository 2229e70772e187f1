import { describe, expect, it } from 'vitest';
import {
  actionsOf,
  type JobFacts,
  type JobStateName,
  standingOf,
  stateOf,
  type TargetDataState,
  targetDataStateOf,
} from './job-state.ts';

const WELL: JobFacts = {
  started: true,
  paused: false,
  halt: null,
  linked: true,
  linkReason: null,
  targetReplaying: false,
  targetTrouble: null,
  mirror: 'none',
  complete: true,
  dirtyItems: 0,
  unrepairable: 0,
  ordered: true,
  orderedWhy: '',
};
const why = { code: 'x', sentence: 'because' };
const version = { code: 'version', sentence: 'it speaks another version' };

/** Each takes one thing from a job that is well; `protected` must not survive any of them. */
const CASES: readonly [change: Partial<JobFacts>, state: JobStateName, data: TargetDataState][] = [
  [{}, 'protected', 'ok'],
  [{ started: false }, 'stopped', 'ok'],
  [{ started: false, halt: why }, 'stopped', 'ok'],
  [{ halt: why }, 'halted', 'ok'],
  [{ halt: why, paused: true, linked: false }, 'halted', 'ok'],
  [{ paused: true }, 'paused', 'ok'],
  [{ paused: true, linked: false }, 'paused', 'ok'],
  [{ linked: false }, 'disconnected', 'ok'],
  [{ linked: false, complete: false }, 'disconnected', 'unknown'],
  [{ linked: false, linkReason: version }, 'halted', 'ok'],
  [{ linked: false, linkReason: version, paused: true }, 'halted', 'ok'],
  [{ linked: true, linkReason: version }, 'protected', 'ok'],
  [{ linked: false, linkReason: version, role: { kind: 'failed-over', reason: null } }, 'failed-over', 'ok'],
  [{ started: false, linked: false, complete: false }, 'stopped', 'mirror-required'],
  [{ targetReplaying: true }, 'replaying', 'ok'],
  [{ mirror: 'scanning' }, 'calculating', 'mirroring'],
  [{ mirror: 'running' }, 'mirroring', 'mirroring'],
  [{ complete: false }, 'mirroring', 'mirror-required'],
  [{ mirror: 'repairing' }, 'repairing', 'mirroring'],
  [{ dirtyItems: 1 }, 'repairing', 'mirror-required'],
  [{ targetTrouble: why }, 'degraded', 'retrying'],
  [{ unrepairable: 2 }, 'degraded', 'mirror-required'],
  [{ differs: why }, 'degraded', 'mirror-required'],
  [{ differs: why, mirror: 'repairing' }, 'repairing', 'mirroring'],
  [{ differs: null }, 'protected', 'ok'],
  [{ unseenWhy: 'a disk is mounted there' }, 'degraded', 'ok'],
  [{ unseenWhy: null }, 'protected', 'ok'],
  [{ ordered: false, orderedWhy: 'it watches' }, 'degraded', 'ok'],
  [{ audit: { kind: 'awaited' } }, 'replaying', 'ok'],
  [{ audit: { kind: 'late', hop: 'applied', reason: why } }, 'degraded', 'ok'],
  [{ audit: { kind: 'doubt', hop: 'written', reason: why } }, 'degraded', 'ok'],
  [{ audit: { kind: 'doubt', hop: 'written', reason: why }, dirtyItems: 1 }, 'degraded', 'mirror-required'],
  [{ audit: { kind: 'doubt', hop: 'written', reason: why }, complete: false }, 'degraded', 'mirror-required'],
  [{ audit: { kind: 'doubt', hop: 'written', reason: why }, mirror: 'running' }, 'mirroring', 'mirroring'],
];

describe('the state of a job', () => {
  for (const [change, state, data] of CASES)
    it(`${JSON.stringify(change)} is ${state}, its data ${data}`, () => {
      const facts = { ...WELL, ...change };
      expect(stateOf(facts).state).toBe(state);
      expect(targetDataStateOf(facts)).toBe(data);
    });

  it('[TRM2] says why: the halt, the trouble, how many paths', () => {
    expect(stateOf({ ...WELL, halt: why }).reason).toEqual(why);
    expect(stateOf({ ...WELL, targetTrouble: why }).reason).toEqual(why);
    expect(stateOf({ ...WELL, mirror: 'running', targetTrouble: why }).reason).toEqual(why);
    expect(stateOf({ ...WELL, unrepairable: 1 }).reason?.sentence).toMatch(/^1 path /);
    expect(stateOf({ ...WELL, unrepairable: 3 }).reason?.sentence).toMatch(/^3 paths /);
    expect(stateOf({ ...WELL, ordered: false, orderedWhy: 'it watches' }).reason?.sentence).toBe('it watches');
  });

  it('[FO2] is no whole image while it is known to differ', () => {
    expect(standingOf(WELL)).toEqual({ state: 'protected', reason: null, good: true });
    expect(standingOf({ ...WELL, differs: why })).toEqual({ state: 'degraded', reason: why, good: false });
  });

  it('offers what can be done now, and nothing else', () => {
    expect(actionsOf({ ...WELL, started: false })).toEqual(['start', 'delete']);
    expect(actionsOf(WELL)).toEqual(['pause', 'stop', 'mirror', 'verify', 'flush']);
    expect(actionsOf({ ...WELL, paused: true })).toEqual(['resume', 'stop']);
    expect(actionsOf({ ...WELL, linked: false })).toEqual(['pause', 'stop']);
    expect(actionsOf({ ...WELL, mirror: 'running' })).toEqual(['pause', 'stop', 'flush']);
  });
});
