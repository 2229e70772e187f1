import { describe, expect, it } from 'vitest';
import { type JobFacts, stateOf } from '../job-state.ts';

const facts: JobFacts = {
  ...{ started: true, paused: false, halt: null, linked: true, linkReason: null, targetReplaying: false },
  ...{
    targetTrouble: null,
    mirror: 'none',
    complete: true,
    dirtyItems: 0,
    unrepairable: 0,
    ordered: true,
    orderedWhy: '',
  },
};
const over = { kind: 'failed-over', reason: { code: 'failed-over', sentence: 'It was taken over.' } } as const;
const back = { kind: 'failing-back', reason: null } as const;

describe('[FO1] swapped roles and the state of a job', () => {
  it('a server that has taken over is failed-over, whether there is a link or not', () => {
    for (const linked of [true, false])
      expect(stateOf({ ...facts, linked, role: over })).toEqual({ state: 'failed-over', reason: over.reason });
  });

  it('on the way home the reason says what is being done', () => {
    expect(stateOf({ ...facts, mirror: 'running', role: back })).toMatchObject({
      state: 'failing-back',
      reason: { code: 'mirroring' },
    });
    expect(stateOf({ ...facts, role: back })).toMatchObject({ state: 'failing-back', reason: { code: 'protected' } });
    const reason = { code: 'unreachable', sentence: 'alpha cannot be reached' };
    expect(stateOf({ ...facts, linked: false, linkReason: reason, role: back })).toEqual({
      state: 'failing-back',
      reason: { code: 'disconnected', sentence: reason.sentence },
    });
  });

  it('what a person has to mend, or has ordered, is never hidden', () => {
    const halt = { code: 'mount-gone', sentence: 'The mount is gone.' };
    for (const role of [over, back]) {
      expect(stateOf({ ...facts, halt, role })).toEqual({ state: 'halted', reason: halt });
      expect(stateOf({ ...facts, started: false, role }).state).toBe('stopped');
      expect(stateOf({ ...facts, paused: true, role }).state).toBe('paused');
    }
  });

  it('without a role nothing is otherwise', () => {
    expect(stateOf({ ...facts, role: null })).toEqual({ state: 'protected', reason: null });
  });
});
