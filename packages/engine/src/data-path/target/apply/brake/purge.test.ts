/** What is kept aside goes when its time is over: how much at once, what stays, what is said. */
import type { RawName } from '@understudy/base';
import { NO_ATTRIBUTES } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError, type Handle, type ReplicaEntry } from '../../../../ports.ts';
import { MemoryReplica } from '../../../../testing/memory-replica.ts';
import { folderName } from '../keep-aside.ts';
import { keptReason } from './letting-go.ts';
import { KeptPurge, type Purged } from './purge.ts';
import { PurgeReport } from './purge-report.ts';

const NOW = Date.UTC(2026, 10, 29, 12);
const HOUR = 3_600_000;
const name = (text: string) => text as RawName;
const FILE = { ...NO_ATTRIBUTES, mode: 0o100600 };
const FOLDER = { ...NO_ATTRIBUTES, mode: 0o040700 };

let files: MemoryReplica;
let gone: Handle[];
/** Entries that were read from directories. */
let read: number;
let purge: KeptPurge;

/** As the real one, which holds a directory open: what comes behind is not looked at before. */
class Counting extends MemoryReplica {
  override *entries(parent: Handle): Generator<ReplicaEntry, undefined> {
    for (const entry of super.entries(parent)) {
      read += 1;
      yield entry;
    }
  }

  override list(parent: Handle): ReplicaEntry[] | null {
    return super.list(parent);
  }
}

beforeEach(() => {
  files = new Counting();
  gone = [];
  read = 0;
  purge = new KeptPurge(files, (handle) => gone.push(handle));
});

function folder(...path: string[]): Handle {
  let at = files.limbo;
  for (const one of path) at = files.entry(at, name(one))?.handle ?? files.makeDirectory(at, name(one), FOLDER);
  return at;
}

function plant(bytes: number, ...path: string[]): Handle {
  const last = path.at(-1) ?? '';
  const handle = files.createFile(folder(...path.slice(0, -1)), name(last), FILE);
  files.write(handle, 0, new Uint8Array(bytes));
  return handle;
}

const ago = (ms: number): string => folderName(NOW - ms);
const what = { from: null, beforeMs: NOW - HOUR, nowMs: NOW };
const left = (kind: string): string[] => (files.list(folder(kind)) ?? []).map((entry) => entry.name).sort();

/** Passes until one finds nothing more. */
function all(most: number): Purged[] {
  const passes: Purged[] = [];
  do passes.push(purge.pass(what, most));
  while (passes.at(-1)?.isMore === true);
  return passes;
}

describe('[MIR6] what is kept aside', () => {
  it('goes with all that is in it once its time is over, and what is younger or needed stays', () => {
    plant(10, 'kept', ago(3 * HOUR), 'folder', 'inner', 'file');
    plant(5, 'gone', ago(2 * HOUR), 'file');
    plant(5, 'kept', ago(2 * HOUR), 'needed');
    plant(5, 'kept', ago(HOUR / 2), 'young');
    plant(5, 'orphans', ago(3 * HOUR), 'theirs');
    plant(5, 'kept', 'a folder that somebody made', 'file');
    const needed = name(ago(2 * HOUR));
    expect(purge.pass({ ...what, from: needed }, 100)).toMatchObject({ names: 3, bytes: 10, stuck: null });
    expect([left('kept').length, left('gone').length]).toEqual([3, 1]);
    expect(purge.pass(what, 100)).toMatchObject({ names: 2, bytes: 10 });
    expect(left('kept')).toEqual([ago(HOUR / 2), 'a folder that somebody made']);
    expect([left('gone'), left('orphans')]).toEqual([[], [ago(3 * HOUR)]]);
    expect(gone).toHaveLength(5);
  });

  it('of a file with two names counts once, when the last one goes', () => {
    const file = plant(100, 'kept', ago(2 * HOUR), 'one');
    files.link(file, folder('kept', ago(2 * HOUR)), name('two'));
    expect(purge.pass(what, 100)).toMatchObject({ names: 2, bytes: 100 });
  });

  it('a big folder goes a bounded amount at a time and is not read again for it', () => {
    const names = 1500;
    for (let i = 0; i < names; i += 1) plant(1, 'kept', ago(2 * HOUR), 'big', `file-${i}`);
    for (let i = 0; i < 40; i += 1) plant(1, 'kept', ago(2 * HOUR), `small-${i}`, 'file');
    const passes = all(100);
    expect(passes.every((pass) => pass.names <= 100)).toBe(true);
    expect(passes.reduce((sum, pass) => sum + pass.names, 0)).toBe(names + 1 + 80);
    expect(passes.length).toBeGreaterThan(15);
    // Each once, and what stands above them a few times.
    expect(read).toBeLessThan(names + 300);
    expect(left('kept')).toEqual([]);
  });

  it('many folders of times are listed once for as long as none of those that came since can be due', () => {
    for (let i = 0; i < 500; i += 1) plant(1, 'kept', ago(HOUR / 2 - i * 1000), 'file');
    for (let i = 0; i < 50; i += 1) purge.pass({ ...what, nowMs: NOW + i, beforeMs: NOW + i - HOUR }, 100);
    expect(read).toBe(500);
    const later = { from: null, nowMs: NOW + HOUR, beforeMs: NOW };
    while (purge.pass(later, 100).isMore);
    expect(left('kept')).toEqual([]);
  });

  it('is found again by another process in the middle of a folder', () => {
    for (let i = 0; i < 100; i += 1) plant(1, 'kept', ago(2 * HOUR), 'folder', `file-${i}`);
    purge.pass(what, 50);
    purge.close();
    purge = new KeptPurge(files, () => {});
    all(50);
    expect(left('kept')).toEqual([]);
  });

  it('what cannot be removed holds up nothing else, is named, and is tried again later', () => {
    plant(1, 'kept', ago(3 * HOUR), 'folder', 'bad');
    plant(1, 'kept', ago(3 * HOUR), 'folder', 'good');
    plant(1, 'kept', ago(2 * HOUR), 'file');
    const { unlink } = files;
    files.unlink = (parent, one) => {
      if (one === name('bad')) throw new FileError('EPERM', 'unlinkat');
      unlink.call(files, parent, one);
    };
    expect(purge.pass(what, 100)).toMatchObject({ names: 2, stuck: `kept/${ago(3 * HOUR)}` });
    expect(left('kept')).toEqual([ago(3 * HOUR)]);
    expect(purge.pass({ ...what, beforeMs: Number.POSITIVE_INFINITY }, 100)).toMatchObject({ names: 0, stuck: null });
    files.unlink = unlink;
    expect(purge.pass({ ...what, nowMs: NOW + 599_999 }, 100)).toMatchObject({ names: 0 });
    expect(purge.pass({ ...what, nowMs: NOW + 600_000 }, 100)).toMatchObject({ names: 2, stuck: null });
    expect(left('kept')).toEqual([]);
  });
});

describe('[MIR6] how long it is kept', () => {
  const reach = { ageMs: 24 * HOUR, bytes: 1 << 30 };
  it('is undo.age, at least the window, and the window alone where there is no room', () => {
    expect(keptReason(reach, 60_000, Number.POSITIVE_INFINITY)).toEqual({ reason: 'age', forMs: 24 * HOUR });
    expect(keptReason({ ageMs: 0, bytes: 0 }, 60_000, Number.POSITIVE_INFINITY)).toEqual({
      reason: 'age',
      forMs: 60_000,
    });
    expect(keptReason(reach, 60_000, HOUR)).toEqual({ reason: 'size', forMs: 60_000 });
    expect(keptReason({ ...reach, isShort: true }, 60_000, Number.POSITIVE_INFINITY)).toEqual({
      reason: 'short',
      forMs: 60_000,
    });
  });
});

describe('[MIR6] the report of what was removed', () => {
  let said: string[];
  let report: PurgeReport;
  const purged = (names: number, bytes: number): Purged => ({ names, bytes, stuck: null, isMore: false });
  beforeEach(() => {
    said = [];
    report = new PurgeReport(({ kind, sentence }) => said.push(`${kind}: ${sentence}`));
  });

  it('gives count, bytes and reason once all of it is gone, and then once an hour', () => {
    report.add(purged(2, 2048), 'age', 24 * HOUR);
    report.passed(NOW);
    report.add(purged(1, 1024), 'age', 24 * HOUR);
    report.passed(NOW + 1000);
    expect(said).toEqual([]);
    report.passed(NOW + 2000);
    expect(said).toEqual([
      "kept-removed: 3 files and folders (3.0 KiB) that had been kept aside on the target were removed: they are kept for 24 h (`undo.age`, at least the brake's window).",
    ]);
    for (let ms = 3000; ms < HOUR; ms += 1000) {
      report.add(purged(1, 0), 'age', 24 * HOUR);
      report.passed(NOW + ms);
    }
    expect(said).toHaveLength(1);
    report.passed(NOW + 2000 + HOUR);
    expect(said[1]).toContain(`${HOUR / 1000 - 3} files and folders`);
  });

  it('waits for no end of a purge that does not come to one, and says the rest when the agent stops', () => {
    for (let ms = 0; ms <= 60_000; ms += 1000) {
      report.add(purged(1, 1), 'size', 60_000);
      report.passed(NOW + ms);
    }
    expect(said).toEqual([expect.stringMatching(/^kept-removed: 61 .*1 min, the brake's window, where `undo.size`/)]);
    report.add(purged(1, 7), 'full', 0);
    report.rest();
    expect(said[1]).toBe(
      "kept-removed: 1 file or folder (7 B) that had been kept aside on the target was removed: the replica's file system is full.",
    );
    report.rest();
    expect(said).toHaveLength(2);
  });

  it('says once what cannot be removed, and where', () => {
    report.add({ ...purged(0, 0), stuck: name('kept/2026') }, 'age', HOUR);
    expect(said).toEqual([expect.stringMatching(/^kept-stuck: .*kept\/2026/)]);
  });
});
