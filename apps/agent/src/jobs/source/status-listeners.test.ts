import type { JobStatus } from '@understudy/wire';
import { expect, it } from 'vitest';
import { StatusListeners } from './status-listeners.ts';

it('of a job that is none any more it is told once that it is gone', () => {
  const told: (readonly [string, string | null])[] = [];
  const listeners = new StatusListeners(() => {});
  const end = listeners.add((name, status) => void told.push([name, status === null ? null : status.state]));
  const status = (name: string): JobStatus => ({ name, state: 'protected' }) as JobStatus;
  listeners.tellAll([status('a'), status('b')]);
  listeners.tellAll([status('b')]);
  listeners.tellAll([status('b')]);
  end();
  expect(told).toEqual([
    ['a', 'protected'],
    ['b', 'protected'],
    ['a', null],
    ['b', 'protected'],
    ['b', 'protected'],
  ]);
});
