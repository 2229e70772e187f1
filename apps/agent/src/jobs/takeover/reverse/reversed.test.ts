import { brand, type RawName } from '@understudy/base';
import { jobDefinitionSchema } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { placeOf, reversed } from './reversed.ts';

const raw = (text: string) => brand<RawName>(Buffer.from(text).toString('latin1'));
const path = (text: string) => ({ text, bytes: Buffer.from(text).toString('base64') });
const server = (name: string) => ({
  name,
  address: `${name}:7320`,
  fingerprint: name
    .charAt(0)
    .repeat(64)
    .replace(/[^a-f]/g, 'f'),
});
const definition = (more: object) =>
  jobDefinitionSchema.parse({
    name: 'files',
    sourceName: 'alpha',
    target: server('beta'),
    include: [path('/srv/data')],
    ...more,
  });
const texts = (paths: readonly { text: string }[]) => paths.map(({ text }) => text);

describe('[FO4] a job in the other direction', () => {
  it('begins where the replica lies, and ends where the files came from', () => {
    const there = definition({
      to: path('/replicas'),
      exclude: [path('/srv/data/**/*.tmp'), path('/srv/data/cache/')],
    });
    const back = reversed(there, server('alpha'), [raw('/replicas/srv/data/.understudy-1')]);
    expect(texts(back.include)).toEqual(['/replicas/srv/data']);
    expect(texts(back.exclude)).toEqual([
      '/replicas/srv/data/**/*.tmp',
      '/replicas/srv/data/cache/',
      '/replicas/srv/data/.understudy-1',
    ]);
    expect(back).toMatchObject({ to: null, without: path('/replicas'), sourceName: 'beta', target: { name: 'alpha' } });
    expect(placeOf(back, raw('/replicas/srv/data/x'))).toBe('/srv/data/x');
    expect(jobDefinitionSchema.safeParse(back).success).toBe(true);
  });

  it('twice is the way it was', () => {
    for (const to of [null, path('/replicas')]) {
      const there = definition({ to });
      const again = reversed(reversed(there, server('alpha'), []), server('beta'), []);
      expect(again).toMatchObject({ include: there.include, to: there.to, target: { name: 'beta' } });
      expect(placeOf(again, raw('/srv/data/x'))).toBe(placeOf(there, raw('/srv/data/x')));
    }
  });

  it('keeps calls waiting for nobody, has no brake, and removes nothing for good', () => {
    const there = definition({
      mode: 'sync',
      synchronous: { at: 'fsync' },
      mirror: { orphans: 'delete', orphansOlderThanMs: 5 },
    });
    const back = reversed(there, server('alpha'), []);
    expect(back).toMatchObject({ mode: 'async', brake: null, mirror: { orphans: 'move', orphansOlderThanMs: null } });
    expect(back.synchronous).toBeUndefined();
  });

  it('names of any bytes survive', () => {
    const odd = { text: 'odd', bytes: Buffer.from('/srv/\xff\xfe', 'latin1').toString('base64') };
    const back = reversed(definition({ include: [odd], to: path('/r') }), server('alpha'), []);
    expect(Buffer.from(back.include[0]?.bytes ?? '', 'base64').toString('latin1')).toBe('/r/srv/\xff\xfe');
  });
});
