/**
 * What the target says of records, cut into frames. In: replies in order. Out: the JSON of one frame after the other. Promise: none has
 * more replies than its schema allows, nor more bytes than a frame may carry, however long the paths in them are.
 */
import { MAX_FRAME, type Reply } from '@understudy/wire';

const MOST_REPLIES = 1000;
/** Of JSON text; base64 and numbers are one byte a character, and a detail in other letters may be three times as long. */
const MOST_CHARACTERS = MAX_FRAME / 4;

export function* replyFrames(replies: readonly Reply[]): Generator<string> {
  let frame: string[] = [];
  let length = 0;
  for (const reply of replies) {
    const text = JSON.stringify(replyJson(reply));
    if (frame.length === MOST_REPLIES || (frame.length > 0 && length + text.length > MOST_CHARACTERS)) {
      yield `[${frame.join(',')}]`;
      [frame, length] = [[], 0];
    }
    frame.push(text);
    length += text.length + 1;
  }
  if (frame.length > 0) yield `[${frame.join(',')}]`;
}

/** Node ids are decimal strings in JSON. */
function replyJson(reply: Reply): unknown {
  if (reply.kind === 'orphan') return reply;
  const node = String(reply.node);
  return 'parent' in reply ? { ...reply, node, parent: String(reply.parent ?? 0) } : { ...reply, node };
}
