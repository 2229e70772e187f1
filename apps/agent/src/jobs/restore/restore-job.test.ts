import { brand, type RawName } from '@understudy/base';
import { type JobDefinition, jobDefinitionSchema, type RestoreChoice } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import type { ReplicaJob } from '../takeover/replica-job.ts';
import type { ReplicaFacts } from '../target/target-hand.ts';
import { placesOfRestore, restoreJobOf } from './restore-job.ts';
import { restorePlanOf } from './restore-plan.ts';

const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });
const raw = (text: string) => brand<RawName>(text);
const ID = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const OTHER = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c12';
const server = (name: string, digit: string) => ({ name, address: `${name}:7320`, fingerprint: digit.repeat(64) });
const [alpha, beta, gamma] = [server('alpha', 'a'), server('beta', 'b'), server('gamma', 'c')];

const definitionOf = (more: object = {}): JobDefinition =>
  jobDefinitionSchema.parse({
    name: 'files',
    sourceName: 'alpha',
    target: beta,
    include: [path('/srv/data')],
    exclude: [path('/srv/data/cache')],
    to: path('/replicas'),
    mode: 'sync',
    bandwidth: 10_000,
    ...more,
  });
const choice = (more: Partial<RestoreChoice> = {}): RestoreChoice => ({
  to: null,
  overwrite: false,
  risks: [],
  ...more,
});
const made = (asked: RestoreChoice, definition = definitionOf(), replica = '/replicas/srv/data') =>
  restoreJobOf({ id: ID, definition, source: alpha, replicaPaths: [raw(replica)] }, asked, OTHER);

describe('the copy of a replica as a job', () => {
  it('begins at the replica and ends where the source has its files, with its rules and its rate', () => {
    const stored = made(choice());
    expect(stored).toMatchObject({ id: OTHER, restore: true, started: true });
    expect(stored.adopt).toBeUndefined();
    const { definition } = stored;
    expect(definition).toMatchObject({
      name: 'files-restore',
      target: alpha,
      mode: 'async',
      bandwidth: 10_000,
      brake: null,
    });
    expect(definition.include.map(({ text }) => text)).toEqual(['/replicas/srv/data']);
    expect(definition.exclude.map(({ text }) => text)).toEqual([
      '/replicas/srv/data/cache',
      `/replicas/srv/data/.understudy-${ID}`,
    ]);
    expect(definition.failover).toBeUndefined();
    expect(placesOfRestore(stored, [raw('/replicas/srv/data')])).toEqual(['/srv/data']);
  });

  it('or beneath a directory of another server, each path as the source has it', () => {
    const to = { server: gamma, directory: path('/srv/restored') };
    const stored = made(choice({ to }));
    expect(stored.definition.target).toEqual(gamma);
    expect(placesOfRestore(stored, [raw('/replicas/srv/data')])).toEqual(['/srv/restored/srv/data']);
    // Of a job whose roles were swapped for good: its source's files lie beneath what the replica's place leaves out.
    const swapped = definitionOf({
      include: [path('/replicas/srv/data')],
      exclude: [],
      to: null,
      without: path('/replicas'),
    });
    const back = made(choice({ to }), swapped, '/srv/data');
    expect(placesOfRestore(back, [raw('/srv/data')])).toEqual(['/srv/restored/replicas/srv/data']);
    expect(placesOfRestore(made(choice(), swapped, '/srv/data'), [raw('/srv/data')])).toEqual(['/replicas/srv/data']);
  });

  it('takes what lies there for its own only where a person has said so, and moves the rest aside', () => {
    expect(made(choice({ overwrite: true }))).toMatchObject({
      adopt: true,
      definition: { mirror: { orphans: 'move' } },
    });
    expect(made(choice()).definition.mirror?.orphans).toBe('report');
  });
});

describe('[FO2] what stands in the way of a restore', () => {
  const job = {
    id: ID,
    name: 'files',
    source: 'alpha',
    target: 'beta',
    definition: definitionOf(),
    replicaPaths: [raw('/replicas/srv/data')],
  } as unknown as ReplicaJob;
  const facts = { complete: true, linked: false, brake: null } as unknown as ReplicaFacts;
  const kept = { stored: { rests: true }, hello: {} } as unknown as Parameters<typeof restorePlanOf>[0]['kept'];
  const there = { server: alpha, places: ['/srv/data'], errors: [], refusal: null };
  const plain = { job, kept, facts, choice: choice(), own: beta, isTaken: false, underWay: null };
  const plan = (more: Partial<Parameters<typeof restorePlanOf>[0]> = {}) =>
    restorePlanOf({ ...plain, ...there, ...more });
  const codes = (more: Parameters<typeof plan>[0]) => plan(more).obstacles.map(({ code }) => code);

  it('nothing, of a job that was stopped: what that means is said', () => {
    const { obstacles, notes, steps } = plan();
    expect(obstacles).toEqual([]);
    expect(notes.join()).toContain('was stopped on alpha');
    expect(steps.join('\n')).toMatch(/empty, or missing[\s\S]*understudy job start files/);
    expect(plan({ choice: choice({ overwrite: true }) }).steps.join('\n')).toContain('put aside');
  });

  it('a source that protects these files itself, but not where they go elsewhere', () => {
    const linked = { ...facts, linked: true };
    expect(codes({ facts: linked })).toEqual(['source-linked']);
    const to = { server: gamma, directory: path('/srv') };
    expect(codes({ facts: linked, choice: choice({ to }), server: gamma })).toEqual([]);
  });

  it('a replica that is not known to be good, unless that risk is named', () => {
    const half = { ...facts, complete: false };
    expect(codes({ facts: half })).toEqual(['incomplete']);
    expect(codes({ facts: half, choice: choice({ risks: ['incomplete'] }) })).toEqual([]);
    expect(codes({ facts: { ...facts, brake: 'held' } })).toEqual(['brake']);
    expect(codes({ facts: null })).toEqual(['never-linked']);
  });

  it('a job that was taken over, the server itself, and what the other server says', () => {
    expect(codes({ isTaken: true, facts: null })).toEqual(['failed-over']);
    expect(codes({ underWay: 'One is under way.', refusal: 'taken' })).toEqual(['under-way']);
    expect(codes({ server: beta, choice: choice({ to: { server: beta, directory: path('/srv') } }) })).toEqual([
      'same-server',
    ]);
    expect(plan({ refusal: 'The folder holds 3 files.' }).obstacles).toEqual([
      { code: 'place', sentence: 'The folder holds 3 files.', risk: null },
    ]);
  });
});
