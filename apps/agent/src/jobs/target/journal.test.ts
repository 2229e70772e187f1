import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BEGUN_UNKNOWN, type Handle, type NodeBinding } from '@understudy/engine';
import { type NodeId, position } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileTargetJournal } from './journal.ts';

const STREAM = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const bind = (node: number, handle: string, pending = false): NodeBinding => ({
  root: 0,
  node: BigInt(node) as NodeId,
  handle: handle as Handle,
  pending,
});
const gone = (node: number) => ({ ...bind(node, ''), handle: null });

describe("the target's journal", () => {
  let folder: string;
  let path: string;
  const open: FileTargetJournal[] = [];
  const journal = (boot = 'this boot', compactBytes?: number) => {
    const opened = new FileTargetJournal(path, boot, compactBytes);
    open.push(opened);
    return opened;
  };
  const load = (from: FileTargetJournal) => {
    const { nodes, ...marks } = from.load();
    return { ...marks, nodes: [...nodes].map(({ node, handle }) => `${node}=${handle}`).sort() };
  };
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'understudy-journal-'));
    path = join(folder, 'journal');
  });
  afterEach(() => {
    for (const each of open.splice(0)) each.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const filled = () => {
    const written = journal();
    written.restart({ streamId: STREAM, epoch: 3, applied: position(100) });
    written.note([bind(5, 'five', true)]);
    written.begin(position(110));
    written.commit({ applied: position(110), complete: true, compare: null }, [bind(5, 'five'), bind(6, '\xff\0six')]);
    return written;
  };

  it('is empty at first', () => {
    expect(load(journal())).toEqual({
      streamId: null,
      epoch: 0,
      applied: 0,
      begun: 0,
      complete: false,
      compare: null,
      untold: [],
      origin: 0,
      brake: null,
      nodes: [],
    });
  });

  it('[TCM5] says at the next start what was said last', () => {
    filled();
    const said = {
      streamId: STREAM,
      epoch: 3,
      applied: 110,
      begun: 110,
      complete: true,
      compare: null,
      untold: [],
      origin: 0,
      brake: null,
    };
    expect(load(journal())).toEqual({ ...said, nodes: ['5=five', '6=\xff\0six'] });
    // And at the one after that: what is written anew at a start is the same.
    expect(load(journal())).toEqual({ ...said, nodes: ['5=five', '6=\xff\0six'] });
  });

  it('[SAFE4] what the brake has come to is said again, also after a power cut, until it is over', () => {
    const held = { phase: 'held', code: 'brake', sentence: 'It holds.', at: 105, to: null } as const;
    filled().brake(held);
    expect(load(journal())).toMatchObject({ brake: held, applied: 110 });
    expect(load(journal('another boot'))).toMatchObject({ brake: held });
    const written = journal('another boot');
    expect(load(written)).toMatchObject({ brake: held });
    written.brake(null);
    expect(load(journal('another boot'))).toMatchObject({ brake: null });
  });

  it('[TCM5] what had begun and was not committed is known to have begun', () => {
    const written = filled();
    written.begin(position(150));
    written.note([bind(7, 'seven', true), gone(5)]);
    expect(load(journal())).toMatchObject({ applied: 110, begun: 150, nodes: ['6=\xff\0six', '7=seven'] });
  });

  it('keeps the run that is under way, and forgets it with a new stream, but not the nodes', () => {
    const written = filled();
    written.commit({ applied: position(120), complete: false, compare: 2 }, [gone(6)]);
    expect(load(journal())).toMatchObject({ applied: 120, complete: false, compare: 2, nodes: ['5=five'] });
    journal().restart({ streamId: STREAM, epoch: 4, applied: position(7) });
    expect(load(journal())).toMatchObject({ epoch: 4, applied: 7, begun: 7, compare: null, nodes: ['5=five'] });
  });

  it.each([1, 5, 20])('a last line that lacks %d bytes was never said, and what comes after it counts', (lacking) => {
    const written = filled();
    const before = statSync(path).size;
    written.commit({ applied: position(130), complete: true, compare: null }, [bind(8, 'eight')]);
    const bytes = readFileSync(path);
    expect(bytes.length).toBeGreaterThan(before + lacking);
    writeFileSync(path, bytes.subarray(0, bytes.length - lacking));
    const again = journal();
    expect(load(again)).toMatchObject({ applied: 110, nodes: ['5=five', '6=\xff\0six'] });
    again.commit({ applied: position(140), complete: true, compare: null }, []);
    expect(load(journal())).toMatchObject({ applied: 140 });
  });

  it('garbage behind the last line is dropped', () => {
    filled();
    appendFileSync(path, Buffer.alloc(50, 0xff));
    expect(load(journal())).toMatchObject({ applied: 110 });
  });

  const failed = (at: number) =>
    ({ kind: 'failed', at: position(at), root: 0, node: 5n, parent: 1n, errno: 'EIO', path: 'eA==' }) as never;

  it('[TCM3] [TCM5] after another boot a stream without a checkpoint stands where it began, and the epoch goes on counting', () => {
    filled().raiseEpoch(9);
    const began = { streamId: STREAM, epoch: 9, applied: 100, begun: BEGUN_UNKNOWN, complete: false, nodes: [] };
    expect(load(journal('another boot'))).toMatchObject(began);
    // The next process of that boot knows no more.
    expect(load(journal('another boot'))).toMatchObject(began);
  });

  it('[TCM5] after another boot the last checkpoint counts, whole, and nothing behind it', async () => {
    const written = filled();
    written.keep([failed(105)]);
    const mark = written.mark();
    written.commit({ applied: position(120), complete: false, compare: 1 }, [bind(7, 'seven'), gone(5)]);
    written.keep([failed(118)]);
    await written.checkpoint(mark, 77);
    written.begin(position(190));
    written.commit({ applied: position(150), complete: false, compare: 1 }, [bind(8, 'eight')]);
    const live = { applied: 150, begun: 190, compare: 1, origin: 77, nodes: ['6=\xff\0six', '7=seven', '8=eight'] };
    expect(load(journal())).toMatchObject(live);
    expect(load(journal()).untold.map(({ at }) => at)).toEqual([105, 118]);
    const after = { streamId: STREAM, applied: 110, begun: BEGUN_UNKNOWN, complete: true, compare: null, origin: 77 };
    const cut = load(journal('another boot'));
    expect(cut).toMatchObject({ ...after, nodes: ['5=five', '6=\xff\0six'] });
    expect(cut.untold).toEqual([failed(105)]);
    const again = journal('another boot');
    again.begin(position(190));
    expect(load(journal('another boot'))).toMatchObject({ applied: 110, begun: 190 });
  });

  it('[TCM5] a checkpoint is on the disk when it settles, and a mark of a stream that is over counts for nothing', async () => {
    const written = filled();
    const mark = written.mark();
    written.restart({ streamId: STREAM.replace('7', '8'), epoch: 3, applied: position(500) });
    await written.checkpoint(mark, 1);
    expect(load(journal('another boot'))).toMatchObject({ applied: 500, origin: 0 });
  });

  it('failures are kept until the source knows them', () => {
    const written = filled();
    written.keep([failed(101), failed(104)]);
    expect(load(journal()).untold).toEqual([failed(101), failed(104)]);
    journal().told(position(101));
    expect(load(journal()).untold).toEqual([failed(104)]);
  });

  it('clear forgets everything but who may write', () => {
    filled().clear();
    expect(load(journal())).toMatchObject({ streamId: null, epoch: 3, applied: 0, nodes: [] });
  });

  it('is written anew when it has grown, and not at every checkpoint where much counts', async () => {
    const written = journal('this boot', 4096);
    written.restart({ streamId: STREAM, epoch: 1, applied: position(0) });
    const sizes: number[] = [];
    for (let i = 1; i <= 2000; i += 1) {
      written.begin(position(i));
      written.commit({ applied: position(i), complete: true, compare: null }, [bind(i % 300, `handle ${i}`)]);
      if (i % 5 === 0) await written.checkpoint(written.mark(), i);
      sizes.push(statSync(path).size);
    }
    const shrunk = sizes.filter((size, i) => size < (sizes[i - 1] ?? 0)).length;
    expect(Math.max(...sizes)).toBeLessThan(32 * 1024);
    expect(shrunk).toBeGreaterThan(1);
    expect(shrunk).toBeLessThan(40);
    const state = load(journal());
    expect(state).toMatchObject({ streamId: STREAM, applied: 2000, begun: 2000 });
    expect(state.nodes).toHaveLength(300);
    expect(state.nodes).toContain('200=handle 2000');
  });

  it('more nodes than fit one line survive being written anew', () => {
    const written = journal();
    const many = Array.from({ length: 250_000 }, (_, i) => bind(i + 1, 'handle'));
    for (let at = 0; at < many.length; at += 50_000) written.note(many.slice(at, at + 50_000));
    journal();
    expect(load(journal()).nodes).toHaveLength(250_000);
  });

  it('a line that cannot be written whole is taken back: the disk may have room again', () => {
    filled();
    // The kernel takes some bytes and has no room for the rest.
    const takes = [5, 0];
    const failing = new FileTargetJournal(path, 'this boot', undefined, (fd, bytes, at) => {
      const taken = takes.shift() ?? bytes.length;
      if (taken === 0) throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' });
      return writeSync(fd, bytes, at, Math.min(taken, bytes.length - at));
    });
    open.push(failing);
    expect(() => failing.commit({ applied: position(120), complete: true, compare: null }, [])).toThrow('ENOSPC');
    failing.commit({ applied: position(125), complete: true, compare: null }, []);
    expect(load(journal())).toMatchObject({ applied: 125 });
  });
});
