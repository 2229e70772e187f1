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
  return said.at(-1);
}

describe('[MIR1] a file that grows while its end is looked for', () => {
  for (const how of ['send', 'check'] as const)
    it(`is settled with the end that was said (${how}): the hole before what was written is not the target's old bytes`, () => {
      expect(settled(how, null)).toMatchObject({ verb: Verb.settle, attributes: { size: 3 } });
    });

  it('keeps the size it has where only a stretch in its middle was sent', () => {
    expect(settled('send', [0, 2])).toMatchObject({ verb: Verb.settle, attributes: { size: 3 } });
  });
});
