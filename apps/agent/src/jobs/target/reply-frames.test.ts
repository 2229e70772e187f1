import { MAX_FRAME, type NodeId, position, type Reply, repliesSchema } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { replyFrames } from './reply-frames.ts';

const failed = (at: number, path: string): Reply => {
  const [node, parent] = [BigInt(at) as NodeId, 1n as NodeId];
  return { kind: 'failed', at: position(at), root: 0, node, parent, errno: 'ESTALE', path };
};

describe('the frames of replies', () => {
  it('carry all of them in order, none beyond what a frame may hold', () => {
    const replies = Array.from({ length: 2500 }, (_, i) => failed(i + 1, 'x'.repeat(i % 3 === 0 ? 12_000 : 5)));
    const frames = [...replyFrames(replies)];
    for (const frame of frames) expect(Buffer.byteLength(frame)).toBeLessThanOrEqual(MAX_FRAME);
    const back = frames.flatMap((frame) => repliesSchema.parse(JSON.parse(frame)));
    expect(back).toEqual(replies);
  });

  it('are none where there is nothing to say', () => {
    expect([...replyFrames([])]).toEqual([]);
  });
});
