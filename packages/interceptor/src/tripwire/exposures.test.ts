import { execFileSync } from 'node:child_process';
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { rawFromText } from '@understudy/base';
import type { SourceFiles } from '@understudy/engine';
import { openSourceTree } from '@understudy/filesystem';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { demandNoSwap } from '../fuse/validate.ts';
import { parseBypass } from './bypass.ts';
import { exposureSentences, walkExposures } from './exposures.ts';
import { swapFilesIn } from './swap-files.ts';

describe('[FSI7] exposures', () => {
  let top = '';
  let files: SourceFiles;
  const at = (name: string) => join(top, name);
  const walk = (options: { mostEntries?: number; signal?: AbortSignal } = {}) =>
    walkExposures({ files, view: rawFromText(at('in')), signal: new AbortController().signal, ...options });

  beforeEach(() => {
    top = mkdtempSync(join(tmpdir(), 'understudy-exposures-'));
    mkdirSync(at('in/deep'), { recursive: true });
    mkdirSync(at('out'));
    files = openSourceTree({ rootPath: rawFromText(at('in')) });
  });
  afterEach(() => {
    files.close();
    rmSync(top, { recursive: true, force: true });
  });

  it('names files with a name outside, not those whose names all lie inside', async () => {
    for (const name of ['in/a', 'in/deep/b', 'in/c']) writeFileSync(at(name), name);
    linkSync(at('in/a'), at('out/a'));
    linkSync(at('in/deep/b'), at('in/b2'));
    linkSync(at('in/c'), at('in/deep/c2'));
    linkSync(at('in/c'), at('out/c'));
    const found = await walk();
    expect([found.linked.count, found.linked.names.size, found.whole]).toEqual([2, 2, true]);
    expect([...found.linked.examples].map((path) => path.split('/').at(-1)?.[0]).sort()).toEqual(['a', 'c']);
    const [sentence] = exposureSentences(rawFromText('/srv/data'), found);
    expect(sentence).toMatch(/^2 files in \/srv\/data also have names outside of it \(hard links\): /);
  });

  it('counts all and names a few', async () => {
    for (let i = 0; i < 300; i += 1) {
      writeFileSync(at(`in/deep/f${i}`), '');
      linkSync(at(`in/deep/f${i}`), at(`out/f${i}`));
    }
    const found = await walk();
    expect([found.linked.count, found.linked.examples.length]).toEqual([300, 5]);
    expect(exposureSentences(rawFromText('/d'), found)[0]).toContain('and 295 more');
  });

  it('stops when told, and at its limit, and then says nothing of links', async () => {
    for (let i = 0; i < 300; i += 1) writeFileSync(at(`in/f${i}`), '');
    linkSync(at('in/f0'), at('out/f0'));
    const stop = new AbortController();
    const walking = walk({ signal: stop.signal });
    stop.abort();
    for (const found of [await walking, await walk({ mostEntries: 100 })]) {
      expect([found.whole, found.linked.count, found.linked.names.size]).toEqual([false, 0, 0]);
      expect(exposureSentences(rawFromText('/d'), found)).toEqual([
        '/d was not looked through wholly: there may be further hard links to the outside',
      ]);
    }
  });

  it('names immutable and append-only files', async (context) => {
    writeFileSync(at('in/log'), '');
    writeFileSync(at('in/fixed'), '');
    try {
      execFileSync('chattr', ['+a', at('in/log')], { stdio: 'ignore' });
      execFileSync('chattr', ['+i', at('in/fixed')], { stdio: 'ignore' });
    } catch {
      context.skip('chattr does not work here');
    }
    try {
      const found = await walk();
      expect([found.flagged.count, [...found.flagged.examples].sort()]).toEqual([2, ['fixed', 'log']]);
      expect(exposureSentences(rawFromText('/d'), found)[0]).toContain('immutable or append-only');
    } finally {
      execFileSync('chattr', ['-ai', at('in/log'), at('in/fixed')]);
    }
  });

  it('refuses a swap file below, by name', () => {
    const table =
      'Filename Type Size Used Priority\n/srv/my\\040swap file 1 0 -2\n/dev/sdb1 partition 1 0 -3\n/srvx/s file 1 0 -4\n';
    expect(swapFilesIn(rawFromText('/srv'), table)).toEqual(['/srv/my swap']);
    expect(swapFilesIn(rawFromText('/srv/my'), table)).toEqual([]);
    expect(() => demandNoSwap(rawFromText('/srv'), swapFilesIn(rawFromText('/srv'), table))).toThrow(
      expect.objectContaining({ code: 'swap-file', message: expect.stringContaining('/srv/my swap') }),
    );
  });

  it('a line of the tripwire is read as it was written, and no other', () => {
    expect(parseBypass('bypass 7 123 a i 1f 3 -62617368 -2f612062')).toEqual({
      root: 7,
      pid: 123,
      command: 'bash',
      node: 31n,
      path: '/a b',
      outside: false,
      what: 'wrote to',
      unsaid: 3,
    });
    expect(parseBypass('bypass 7 0 8 o 0 0 - -')).toMatchObject({
      what: 'had open for writing',
      outside: true,
      command: '',
    });
    for (const line of ['bypass', 'bypass 7 x 8 o 0 0 - -', 'bypass 7 1 8 z 0 0 - -', 'gone 1 0'])
      expect(parseBypass(line)).toBeNull();
  });
});
