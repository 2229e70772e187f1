import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ScopeLog } from './scope-log.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-scopes-'));
  path = join(folder, 'scopes');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const piece = (n: number) => new Uint8Array(5 + n).fill(n);
const read = (stream = 'one') => new ScopeLog(path, stream).read()?.map((bytes) => [...bytes]);

function written(): ScopeLog {
  const log = new ScopeLog(path, 'one');
  log.rewrite([piece(1), piece(2)]);
  log.append(piece(3));
  return log;
}

describe('the log of what a target knows', () => {
  it('[SRM3] hands out what was written, in order, to a process of the same stream and to no other', () => {
    written().close();
    expect(read()).toEqual([1, 2, 3].map((n) => [...piece(n)]));
    expect(read('two')).toBeUndefined();
    expect(new ScopeLog(join(folder, 'none'), 'one').read()).toBeNull();
  });

  it('[SRM3] leaves out a torn end, and hands out nothing where a piece is not what it was', () => {
    written().close();
    const whole = readFileSync(path);
    for (let end = whole.length - 1; end > whole.length - 16; end -= 1) {
      truncateSync(path, end);
      expect(read()).toEqual([1, 2].map((n) => [...piece(n)]));
    }
    writeFileSync(path, whole.with(30, 0xee));
    expect(read()).toBeUndefined();
    writeFileSync(path, Buffer.concat([whole, Buffer.alloc(64)]));
    expect(read()).toBeUndefined();
    writeFileSync(path, 'what nobody wrote, and longer than a header is');
    expect(read()).toBeUndefined();
    appendFileSync(path, Buffer.alloc(64));
    expect(read()).toBeUndefined();
  });

  it('keeps the old one until the new one is whole', () => {
    const log = written();
    const breaking = function* () {
      yield piece(9);
      throw new Error('the disk is full');
    };
    expect(() => log.rewrite(breaking())).toThrow('the disk is full');
    expect(read()).toEqual([1, 2, 3].map((n) => [...piece(n)]));
    log.forget();
    expect([existsSync(path), existsSync(`${path}.new`)]).toEqual([false, false]);
  });

  it('[SRM3] is on the disk once it was synced, and what was written meanwhile is not', async () => {
    const log = written();
    expect(log.isDurable).toBe(false);
    const synced = log.sync();
    log.append(piece(4));
    await synced;
    expect(log.isDurable).toBe(false);
    await log.sync();
    expect(log.isDurable).toBe(true);
    const late = log.sync();
    log.append(piece(5));
    log.rewrite([piece(6)]);
    await late;
    expect(log.isDurable).toBe(true);
    log.append(piece(7));
    expect(log.isDurable).toBe(false);
    log.forget();
    await expect(log.sync()).rejects.toThrow('ENOENT');
  });
});
