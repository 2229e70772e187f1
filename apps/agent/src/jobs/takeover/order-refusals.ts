/** An order that is not taken because of another one. In: its record. Out: a ManagementError that names who gave it, and when. */
import { ManagementError } from '@understudy/wire';
import type { TakeoverRecord } from './takeover-store.ts';

export const underWay = ({ by, startedAt }: TakeoverRecord, name: string): ManagementError =>
  new ManagementError('busy', `${by} is at the failover of ${name} since ${startedAt}: it is under way.`);

export const orderedAlready = ({ by, startedAt }: TakeoverRecord, name: string): ManagementError =>
  new ManagementError('refused', `${by} has ordered the failover of ${name} already, at ${startedAt}.`);

export function failedOverAlready({ by, startedAt, endedAt }: TakeoverRecord, name: string): ManagementError {
  const since = endedAt ?? startedAt;
  return new ManagementError('refused', `${by} has ordered that already: ${name} is failed over since ${since}.`);
}
