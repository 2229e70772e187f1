/**
 * bad-line.mjs LISTEN-HOST HOST PORT DELAY-MS STALL-SHARE BREAK-SHARE SEED: a proxy for TCP between two agents. What comes in goes out
 * DELAY-MS later, in order. A share of the pieces counts as lost: it and what follows comes after the pause that a retransmission
 * makes. Another share takes the whole connection with it, whatever was under way. Prints its port, then a line for each that broke.
 */
import { connect, createServer } from 'node:net';

const [listen = '', host = '', port = '', ...numbers] = process.argv.slice(2);
const [delay = 0, stallShare = 0, breakShare = 0, seed = 1] = numbers.map(Number);
const RETRANSMISSION_MS = 220;

let state = seed >>> 0;
/** mulberry32: the same seed loses the same pieces of the same traffic. */
function chance() {
  state = (state + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state ^ (state >>> 15), state | 1);
  mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
}

/** One direction. `held` limits what is under way, as a line does. */
function carry(from, to, broken) {
  let due = 0;
  let held = 0;
  from.on('data', (piece) => {
    if (chance() < breakShare) return broken();
    const now = performance.now();
    due = Math.max(due, now + delay) + (chance() < stallShare ? RETRANSMISSION_MS : 0);
    held += piece.length;
    if (held > 4 * 1024 * 1024) from.pause();
    setTimeout(() => {
      held -= piece.length;
      if (!to.destroyed) to.write(piece);
      if (held < 2 * 1024 * 1024) from.resume();
    }, due - now);
  });
  from.on('close', () => setTimeout(() => to.destroy(), Math.max(0, due - performance.now()) + 1));
  from.on('error', () => undefined);
}

const server = createServer((near) => {
  const far = connect(Number(port), host);
  const broken = () => {
    console.log('broken');
    near.resetAndDestroy();
    far.resetAndDestroy();
  };
  carry(near, far, broken);
  carry(far, near, broken);
});
server.listen(0, listen, () => console.log(String(server.address().port)));
