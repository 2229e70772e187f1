/** Which digest a pair compares by, and that what it finds by that is true. */
import { rawFromText } from '@understudy/base';
import { decodeRecord, peekLength, RecordFlag, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { Digests } from './digests.ts';
import { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import type { ToTarget } from './wire-link.ts';

const name = rawFromText;
const BLOCK = 4096;
const FILES = 3;
const FILE_BLOCKS = 16;

/** Of the checks that crossed the wire: their flag for BLAKE3, and the bytes of content beside them. */
class Seen {
  readonly flags: number[] = [];
  contentBytes = 0;
  readonly see = (message: ToTarget): ToTarget => {
    if (message.kind !== 'operations') return message;
    const { bytes } = message.packet;
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
      const { verb, flags, data } = decodeRecord(bytes, at);
      if (verb === Verb.check) this.flags.push(flags & RecordFlag.blake3);
      if (verb === Verb.block) this.contentBytes += data.length;
    }
    return message;
  };
}

async function pairOf(digests: { readonly source: Digests; readonly target: Digests }, seen: Seen): Promise<Pair> {
  const limits = { memoryBytes: 1 << 26, ringBytes: 1 << 24 };
  const pair = new Pair({
    ...{ random: new SeededRandom(1), ...limits, scopes: ['whole'], disk: 'good', tamper: seen.see, digests },
  });
  const [top = pair.fs.root] = pair.tops;
  for (let i = 0; i < FILES; i += 1) {
    const content = Uint8Array.from({ length: FILE_BLOCKS * BLOCK }, (_, at) => (at * (i + 3)) & 255);
    pair.fs.write(pair.fs.create(top, name(`file${i}`)), 0, content);
  }
  await pair.source.start();
  pair.connect();
  return pair;
}

function turn(pair: Pair, until: () => boolean): void {
  for (let i = 0; i < 2000 && !until(); i += 1) {
    pair.pumpSource();
    while (pair.deliver('target')) pair.applySome(64);
    pair.applySome(64);
    while (pair.deliver('source')) pair.pumpSource();
    pair.advance(100);
  }
  expect(until()).toBe(true);
}

/** One bit of one block of a file on the replica is another than on the source. */
function spoil(pair: Pair, file: string): void {
  const [files] = pair.target.replicas;
  const handle = files?.entry(files.root, name(file))?.handle;
  if (files === undefined || handle === undefined) throw new Error(`no ${file} on the replica`);
  const { mtimeSec = 0, mtimeNsec = 0 } = files.attributes(handle) ?? {};
  const [old = 0] = files.read(handle, 5 * BLOCK, 1) ?? [];
  files.write(handle, 5 * BLOCK, Uint8Array.of(old ^ 1));
  files.setMtime(handle, mtimeSec, mtimeNsec);
}

describe('[MIR2] [VER1] what is compared', () => {
  it.each([
    ['BLAKE3 where both sides make it', true, true, 'blake3', 'sha256'],
    ['SHA-256 where the target does not', true, false, 'sha256', 'blake3'],
    ['SHA-256 where the source does not', false, true, 'sha256', 'blake3'],
  ] as const)('is compared by %s, and exactly what differs is found and sent', async (_, here, there, by, not) => {
    const seen = new Seen();
    const digests = { source: new Digests(here), target: new Digests(there) };
    const pair = await pairOf(digests, seen);
    const isProtected = () => pair.state() === 'protected';
    turn(pair, isProtected);

    spoil(pair, 'file1');
    seen.flags.length = 0;
    let found: string[] | null = null;
    pair.source.job.startVerification(({ differences }) => {
      found = differences.map(({ what }) => what);
    });
    turn(pair, () => found !== null);
    expect(found).toEqual(['content']);
    const verified = seen.flags.length;

    seen.contentBytes = 0;
    pair.source.job.startMirror('checksum', { blockSize: BLOCK });
    turn(pair, () => pair.source.job.mirror !== null);
    turn(pair, isProtected);
    expect([pair.differences(), seen.contentBytes]).toEqual([[], BLOCK]);

    expect(verified).toBeGreaterThanOrEqual(FILES);
    expect(seen.flags.length).toBeGreaterThanOrEqual(verified + FILES);
    expect(new Set(seen.flags)).toEqual(new Set([by === 'blake3' ? RecordFlag.blake3 : 0]));
    for (const side of [digests.source, digests.target]) {
      expect(side.made[by]).toBeGreaterThanOrEqual(FILES * FILE_BLOCKS);
      expect(side.made[not]).toBe(0);
    }
  });
});
