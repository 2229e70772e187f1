import { brand } from '@understudy/base';
import { NO_ATTRIBUTES, type NodeId, type RecordInput, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { ContentSender } from './content-sender.ts';

const node = brand<NodeId>(7n);

/** A file of three bytes; while its end is looked for, an application writes two more at six. */
function settled(how: 'send' | 'check', ranges: readonly number[] | null): RecordInput | undefined {
  const said: RecordInput[] = [];
  let size = 3;
  const file = {
    dataAfter: (offset: number) => (offset < 3 ? { start: offset, end: 3 } : null),
    size: () => {
      const before = size;
      if (how === 'send') size = 8;
      return before;
    },
    read: (offset: number, into: Uint8Array) => {
      if (offset >= 3) size = 8;
      return Math.max(0, Math.min(into.length, 3 - offset));
    },
    willNeed: () => {},
    close: () => {},
  };
  const stat = () => ({ ...NO_ATTRIBUTES, mode: 0o100644, size });
  send({ file, stat, how, ranges, said });
  return said.at(-1);
}

interface Sending {
  readonly file: object;
  readonly stat: () => object;
  readonly how: 'send' | 'check';
  readonly ranges: readonly number[] | null;
  /** What was said. */
  readonly said: RecordInput[];
}

function send({ file, stat, how, ranges, said }: Sending): void {
  const sender = new ContentSender({
    root: { index: 0, files: { open: () => file, stat } },
    task: { root: 0, node, how, ranges, pieces: 0, counts: true },
    world: {
      say: (input: RecordInput) => said.push(input),
      hash: () => new Uint8Array(32),
      digestName: () => 'sha256',
    },
    progress: { bytesSent: 0, bytesSkipped: 0, filesDone: 0 },
    entries: {
      settle: (_: unknown, of: NodeId, attributes: never) => said.push({ verb: Verb.settle, node: of, attributes }),
    },
    inFlight: { said: () => {}, askedSilently: () => {}, finishing: () => {}, gone: () => {} },
    blockSize: 4096,
    buffer: new Uint8Array(128 * 1024),
  } as never);
  for (let i = 0; i < 9 && !sender.finished; i += 1) sender.step(1 << 20);
}

describe('[MIR1] the stretches of data', () => {
  it('are looked for once each, not once a block; and a file that is cut off in the middle of one ends there', () => {
    const said: RecordInput[] = [];
    const looked: number[] = [];
    let size = 1 << 20;
    const file = {
      dataAfter: (offset: number) => {
        looked.push(offset);
        return offset < size ? { start: offset, end: size } : null;
      },
      size: () => size,
      read: (offset: number, into: Uint8Array) => {
        if (offset === 4 * 128 * 1024) size = offset + 5;
        return Math.max(0, Math.min(into.length, size - offset));
      },
      willNeed: () => {},
      close: () => {},
    };
    send({ file, stat: () => ({ ...NO_ATTRIBUTES, mode: 0o100644, size }), how: 'send', ranges: null, said });
    expect(looked).toEqual([0]);
    const blocks = said.flatMap((one) => (one.verb === Verb.block ? [[one.offset, one.extent]] : []));
    expect(blocks).toEqual([0, 1, 2, 3, 4].map((at) => [at * 128 * 1024, at === 4 ? 5 : 128 * 1024]));
    expect(said.at(-1)).toMatchObject({ verb: Verb.settle, attributes: { size } });
  });
});

describe('[MIR1] a file that grows while its end is looked for', () => {
  for (const how of ['send', 'check'] as const)
    it(`is settled with the end that was said (${how}): the hole before what was written is not the target's old bytes`, () => {
      expect(settled(how, null)).toMatchObject({ verb: Verb.settle, attributes: { size: 3 } });
    });

  it('keeps the size it has where only a stretch in its middle was sent', () => {
    expect(settled('send', [0, 2])).toMatchObject({ verb: Verb.settle, attributes: { size: 3 } });
  });
});
