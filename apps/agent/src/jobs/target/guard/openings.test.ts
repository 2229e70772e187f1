import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openedOf } from '../replica-record.ts';
import { type StoredReplica, StoredReplicas } from '../stored-replicas.ts';
import { liftedNow, noteOpened, unguarded, withStanding } from './openings.ts';

const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const STREAM = '1c1e7b5b-38b1-4f0b-8a3e-0d6f2f6d5c11';
const RECORD: StoredReplica = { jobId: ID, jobName: 'files', peer: 'p', streamId: STREAM, roots: [] };
const STANDING = { state: 'protected', reason: null, good: true };

describe('[TRM3] that others could write into a replica', () => {
  let home: string;
  let replicas: StoredReplicas;
  const opened = () => replicas.get(ID)?.opened;
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), 'understudy-openings-'));
    replicas = new StoredReplicas(home);
    replicas.save(RECORD);
  });
  afterEach(() => rmSync(home, { recursive: true, force: true }));

  it('is known to the next agent, until the source has compared behind just that', () => {
    noteOpened(replicas, ID, 'One.');
    const first = opened()?.at ?? 0;
    noteOpened(replicas, ID, 'Two.');
    replicas = new StoredReplicas(home);
    const { at, sentence } = opened() ?? { at: 0, sentence: '' };
    expect([at > first, sentence]).toEqual([true, 'One. Two.']);
    const said = (compared?: number) =>
      withStanding(replicas.get(ID) ?? RECORD, { ...STANDING, ...(compared === undefined ? {} : { compared }) });
    expect([said().opened, said(first).opened, said(at).opened]).toEqual([opened(), opened(), undefined]);
    expect(said(at).standing).toMatchObject(STANDING);
    expect([openedOf(said(), STREAM), openedOf(said(), ID)]).toEqual([{ opened: opened() }, {}]);
  });

  it('is reckoned from the first agent that took its mount away, and not where nothing was mounted', () => {
    const guarded = { ...RECORD, guarded: {} };
    expect(liftedNow(RECORD, 7)).toEqual(RECORD);
    expect(liftedNow(liftedNow(guarded, 7), 9).guarded).toEqual({ liftedAt: 7 });
    expect(unguarded(guarded)).toEqual(RECORD);
  });
});
