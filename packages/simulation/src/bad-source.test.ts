/** Files that a mirror, a repair or a verification cannot read: each is named, nothing is taken away for it, and the rest goes on. */
import { type RawName, rawFromText } from '@understudy/base';
import { FileError, type SourceFiles } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { turn } from './cranking.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';

const name = rawFromText;

type Call = 'stat' | 'open' | 'xattrs';

/** Some calls on one node fail while `bad` is set. */
class Reading {
  bad: { readonly node: NodeId; readonly call: Call } | null = null;
  readonly wrap = (files: SourceFiles): SourceFiles => {
    const failing =
      <T>(call: Call, read: (node: NodeId) => T) =>
      (node: NodeId): T => {
        if (this.bad?.node === node && this.bad.call === call) throw new FileError('EIO', call);
        return read(node);
      };
    return {
      rootNode: files.rootNode,
      stat: failing('stat', (node) => files.stat(node)),
      open: failing('open', (node) => files.open(node)),
      xattrs: failing('xattrs', (node) => files.xattrs(node)),
      entry: (parent, entry) => files.entry(parent, entry),
      ages: (node) => files.ages(node),
      openDirectory: (node) => files.openDirectory(node),
      readLink: (node) => files.readLink(node),
      pathOf: (node) => files.pathOf(node),
      close: () => files.close(),
    };
  };
}

async function scene(): Promise<{ pair: Pair; reading: Reading; node: (path: string) => NodeId }> {
  const reading = new Reading();
  const limits = { memoryBytes: 1 << 26, ringBytes: 1 << 22, scopes: ['whole'], disk: 'good' } as const;
  const pair = new Pair({ random: new SeededRandom(1), ...limits, wrapFiles: reading.wrap });
  const [top = pair.fs.root] = pair.tops;
  const folder = pair.fs.mkdir(top, name('folder'));
  for (const one of ['a', 'b', 'c']) pair.fs.write(pair.fs.create(folder, name(one)), 0, new Uint8Array(9000).fill(7));
  await pair.source.start();
  pair.connect();
  const node = (path: string) => pair.fs.resolve(`/data/${path}` as RawName) ?? pair.fs.root;
  return { pair, reading, node };
}

function toRest(pair: Pair): void {
  const atRest = () => {
    const { job } = pair.source;
    return (
      job.mirror === null && job.runs.complete && job.path.srm.queue.operations === 0 && pair.state() !== 'repairing'
    );
  };
  for (let i = 0; i < 500 && (i < 3 || !atRest()); i += 1) turn(pair);
  expect(atRest()).toBe(true);
}

describe('a file that cannot be read', () => {
  for (const call of ['stat', 'open', 'xattrs'] as const)
    it.each(['folder/b', 'folder'])(
      `[TRM2] [FSI6] at a mirror (${call} of %s) is named, and the rest arrives`,
      async (path) => {
        const { pair, reading, node } = await scene();
        reading.bad = { node: node(path), call };
        toRest(pair);
        const isNamed = pair.source.job.unrepairable().some((one) => one.includes(path));
        // Of a folder nothing is opened as a file, and that its own times are not looked at again is no loss.
        expect(isNamed).toBe(!(path === 'folder' && call === 'open'));
        expect(pair.state()).toBe(isNamed ? 'degraded' : 'protected');
        expect(pair.replicaImage().filter((line) => /\/folder\/[ac] .* size 9000 /.test(line))).toHaveLength(2);
        reading.bad = null;
        pair.source.job.startMirror('checksum');
        toRest(pair);
        expect([pair.state(), pair.differences()]).toEqual(['protected', []]);
      },
    );

  it('[VER1] at a verification is named, and is not one too many on the target', async () => {
    const { pair, reading, node } = await scene();
    toRest(pair);
    reading.bad = { node: node('folder/b'), call: 'xattrs' };
    let found: number | null = null;
    pair.source.job.startVerification((verification) => {
      found = verification.findings.count;
    });
    for (let i = 0; i < 100 && found === null; i += 1) turn(pair);
    expect(found).toBe(0);
    expect(pair.source.job.unrepairable()).toEqual([expect.stringContaining('folder/b')]);
  });
});
