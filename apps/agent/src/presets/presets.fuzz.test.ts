/**
 * Configuration of services that a disk, or whoever administers the service, has changed: what is found fits the protocol, and looking takes
 * a time that goes with the length of the files. Two of them (PostgreSQL's, a user's share) are written by others than root.
 */
import { foundPresetSchema, presetNeedsSchema } from '@understudy/wire';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESETS } from './data/index.ts';
import { findInstances } from './find-presets.ts';
import { listeningIn } from './listeners.ts';
import { matchesOf } from './places.ts';
import type { Syntax } from './preset.ts';
import { needsOf } from './preset-needs.ts';
import { openPresets } from './presets.ts';
import { accountsIn } from './server-view.ts';
import type { SetSize } from './set-size.ts';
import { settingsOf } from './syntaxes.ts';
import { viewOf } from './testing/fake-server.ts';

const PG = '/etc/postgresql/15/main/postgresql.conf';
const SAMPLES: Readonly<Record<string, string>> = {
  [PG]: "data_directory = '/srv/pg'\t# where\nport = 5433\ninclude_dir 'conf.d'\narchive_command = 'cp %p /srv/w''al/%f'\n",
  '/etc/mysql/my.cnf':
    '[mysqld]\ndatadir=/srv/mysql/\nlog-bin = /srv/logs/bin\nport=3307\n!includedir /etc/mysql/conf.d/\n',
  '/etc/samba/smb.conf':
    '[global]\ninclude = /etc/samba/more.conf\n[a]\npath = "/srv/a/"\n[b]\npath=/srv/%U\nprintable = yes\n',
  '/etc/nginx/nginx.conf': 'http { # all\n server { listen 0.0.0.0:8080; root "/srv/www/"; include sites/*.conf; } }\n',
  '/etc/apache2/apache2.conf': 'Listen 81\nDocumentRoot "/srv/apache"\nIncludeOptional sites/*.conf\n',
  '/etc/exports': '/srv/nfs *(rw)\n"/srv/with space" 192.0.2.0/24(ro)\n/srv/oct\\040al/ host\n',
  '/etc/docker/daemon.json': '{"data-root": "/srv/docker"}',
  '/etc/libvirt/qemu/one.xml':
    "<domain><!-- vm --><devices><disk type='file'><source file='/srv/vm/a&amp;b.img'/></disk></devices></domain>",
  '/etc/passwd': 'root:x:0:0::/:\npostgres:x:105:110::/:\n',
};
const PLACES = Object.keys(SAMPLES);
/** What must lie there for them to count. */
const THERE = {
  '/srv/pg/PG_VERSION': '15',
  '/srv/mysql/ibdata1': '',
  '/srv/docker/volumes/a': '',
  '/usr/sbin/exportfs': '',
};
const SYNTAXES: readonly Syntax[] = ['postgresql', 'ini', 'directives', 'apache', 'exports', 'json', 'xml'];

/** What parsers look at, and what they do not expect. */
const PIECES = [
  ...[' ', '\t', '\n', '\r', '\0', '\xff', '=', ';', '#', '{', '}', '[', ']', '(', '"', "'", '\\', '/', '%', '$', '*'],
  ...[
    'a',
    '..',
    '<a>',
    '</a>',
    '<a b="c"/>',
    '<!--',
    '-->',
    '&lt;',
    '\\040',
    '!include /etc/*\n',
    'include *;',
    '99999',
  ],
  ...['root /', 'path=/', 'datadir=/', "data_directory='/", '[mysqld]\n', '"data-root":"/'],
];
const noise = fc.array(fc.constantFrom(...PIECES), { maxLength: 60 }).map((pieces) => pieces.join(''));
const damage = fc.array(
  fc.record({ file: fc.nat(PLACES.length - 1), at: fc.nat(200), away: fc.nat(20), text: noise, times: fc.nat(40) }),
  { minLength: 1, maxLength: 5 },
);

const NOTHING: SetSize = { bytes: 0, users: new Set([105]), groups: new Set(), counted: true };

/** All that is found with such files, and what a target would need for it; fails where the protocol has no room for it. */
async function look(configuration: Readonly<Record<string, string>>): Promise<number> {
  const view = viewOf({ files: { ...configuration, ...THERE } });
  const found = openPresets(view).list();
  for (const each of found) {
    expect(foundPresetSchema.safeParse(each).error).toBeUndefined();
    for (const { bytes } of [...each.include, ...each.exclude]) expect(atob(bytes)).toMatch(/^\//);
  }
  for (const instance of findInstances(view, PRESETS).filter(({ name }) => found.some((each) => each.name === name)))
    expect(presetNeedsSchema.safeParse(await needsOf(view, instance, async () => NOTHING)).error).toBeUndefined();
  return found.length;
}

describe('configuration of services', () => {
  it('as it should be is found for every preset', async () => {
    expect(await look(SAMPLES)).toBe(PRESETS.length);
  });

  it('that was changed comes to what the protocol can say', async () => {
    await fc.assert(
      fc.asyncProperty(damage, async (list) => {
        const files: Record<string, string> = { ...SAMPLES };
        for (const { file, at, away, text, times } of list) {
          const path = PLACES[file] ?? PG;
          const old = files[path] ?? '';
          files[path] = old.slice(0, at) + text.repeat(times) + old.slice(at + away);
        }
        await look(files);
      }),
      { numRuns: 120 },
    );
  });

  it('that lies in directories of any names comes to what the protocol can say', async () => {
    const name = fc.stringMatching(/^[a._ \xff-][^/\0]{0,255}$/);
    await fc.assert(
      fc.asyncProperty(name, name, async (one, other) => {
        await look({
          ...SAMPLES,
          [`/etc/postgresql/${one}/${other}/postgresql.conf`]: "data_directory = '/srv/pg2'\n",
        });
      }),
      { numRuns: 80 },
    );
  });

  it('with thousands of roots and ports comes to what the protocol can say', async () => {
    const many = Array.from({ length: 3000 }, (_, i) => `listen ${i * 50}; root /srv/${i};`).join('\n');
    const disks = Array.from({ length: 3000 }, (_, i) => `<source file='/srv/${i}.img'/>`).join('');
    const files = { '/etc/nginx/nginx.conf': many, '/etc/libvirt/qemu/a.xml': `<domain><devices><disk>${disks}` };
    expect(await look(files)).toBeGreaterThanOrEqual(2);
  });
});

describe('a file of a service', () => {
  const view = (text: string) => viewOf({ files: { '/f': text } });
  /** A parser that looks at a part again for each of its characters takes minutes for these; linear ones some milliseconds. */
  const LENGTH = 300_000;
  const MOST_MS = 10_000;
  const within = (look: () => unknown): void => {
    const begun = performance.now();
    look();
    expect(performance.now() - begun).toBeLessThan(MOST_MS);
  };

  const LONG: readonly (readonly [string, string, string, string])[] = [
    ['blanks behind a word', 'a', ' ', 'b'],
    ['blanks behind a value', 'a b', ' ', 'c;'],
    ['blanks behind an include', '!include', ' ', '\rb'],
    ['words that nothing ends', '', 'a', ''],
    ['slashes before a name', '/', '/', 'x'],
    ['elements in elements', '', '<a>', ''],
    ['comments that do not end', '', '<!--', ''],
    ['attributes', '<a ', "b='' ", ''],
    ['quotes that do not end', "a '", 'x', ''],
    ['lists in lists', '', '[', ''],
  ];
  it.each(LONG)('of nothing but %s is looked at once, in every syntax', (_, before, piece, after) => {
    const text = before + piece.repeat(LENGTH / piece.length) + after;
    for (const syntax of SYNTAXES) within(() => settingsOf(view(text), '/f', syntax));
  });

  it('of any pieces, over and over, is looked at once', () => {
    fc.assert(
      fc.property(fc.constantFrom(...SYNTAXES), noise, noise, noise, (syntax, before, piece, after) => {
        const text = before + piece.repeat(60_000 / Math.max(1, piece.length)) + after;
        within(() => {
          for (const { value } of settingsOf(view(text), '/f', syntax)) expect(value.length).toBeLessThanOrEqual(4096);
        });
      }),
      { numRuns: 150 },
    );
  });

  it('of shares without end is looked at once', () => {
    const shares = Array.from({ length: 40_000 }, (_, i) => `[s${i}]\npath=/srv/${'/'.repeat(20)}x\n`).join('');
    within(() => openPresets(viewOf({ files: { '/etc/samba/smb.conf': shares } })).list());
  });

  it('whose values are of slashes without end is looked at once', () => {
    const path = `${'/'.repeat(4000)}%`;
    const files = {
      '/etc/samba/smb.conf': Array.from({ length: 2000 }, (_, i) => `[s${i}]\npath=${path}\nprivate dir=${path}`).join(
        '\n',
      ),
      '/etc/nginx/nginx.conf': `root ${'/'.repeat(4000)}$;\n`.repeat(2000),
      '/etc/mysql/my.cnf': `[mysqld]\n${`datadir=${'/'.repeat(4000)}\0x\n`.repeat(2000)}`,
    };
    within(() => openPresets(viewOf({ files })).list());
  });

  it('that includes all of the disk by wildcards ends', () => {
    const names = Array.from({ length: 20 }, (_, i) => `d${i}`);
    let listed = 0;
    const endless = {
      ...viewOf({ files: {} }),
      read: (path: string) => (path === '/f' ? 'include /*/*/*/*/*/*/*/*;' : null),
      names: () => {
        listed += 1;
        return names;
      },
      kind: () => 'file' as const,
    };
    settingsOf(endless, '/f', 'directives');
    expect(listed).toBeLessThan(8000);
  });

  it('that includes a name of many wildcards looks at each name once', () => {
    const name = 'a'.repeat(255);
    within(() => expect(matchesOf(viewOf({ files: { [`/d/${name}`]: '' } }), `/d/${'a*'.repeat(100)}b`)).toEqual([]));
    expect(matchesOf(viewOf({ files: { '/d/one-two.c': '' } }), '/d/*-*.c')).toEqual([
      { path: '/d/one-two.c', parts: ['one', 'two'] },
    ]);
  });

  it('that holds more settings than any service has is read up to a limit', () => {
    expect(settingsOf(view('a b;'.repeat(300_000)), '/f', 'directives')).toHaveLength(100_000);
  });
});

describe('tables of the system', () => {
  it('with an account of an endless name, or an endless number, are read over it', () => {
    const text = `${'n'.repeat(257)}:x:5\nmany:x:${'9'.repeat(30)}\npostgres:x:105\n`;
    expect(accountsIn(text)).toEqual([{ name: 'postgres', id: 105 }]);
  });

  it('of any text come to accounts and ports that are numbers', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), noise, (text, pieces) => {
        for (const table of [text, pieces, `${pieces}\n0: 00:1F90 00:0 0A${text}`, `${pieces}:x:5\n${text}`]) {
          for (const { name, id } of accountsIn(table)) expect(name.length <= 256 && id >= 0 && id < 1e10).toBe(true);
          for (const { port } of listeningIn(table, 'tcp')) expect(port).toBeGreaterThan(0);
        }
      }),
      { numRuns: 500 },
    );
  });
});
