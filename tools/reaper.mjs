/**
 * reaper.mjs [ROOT]: waits until its standard input ends, then leaves nothing of the tests' folder at ROOT behind: ends the processes that
 * belong to it, unmounts what is mounted below it, removes the folder. It is a process of its own, so that it also runs when the
 * test runner was interrupted or killed. Prints what it had to end or unmount; silence means that all was cleaned up before.
 * Lines of its input: `root PATH`, another folder; `ring INODE`, whoever has this ring open belongs to it; `done PATH`, it is gone.
 */
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { createInterface } from 'node:readline';

const roots = new Set();
/** fsid and holder start each other without arguments or environment: only the ring that they share with an agent betrays them. */
const rings = new Set();

function add(root) {
  if (!/^\/.+\/understudy-(e2e|fuse|jobs)-[^/]+$/.test(root)) throw new Error(`not a folder of tests: ${root}`);
  roots.add(root);
}
if (process.argv[2] !== undefined) add(process.argv[2]);
const words = { root: add, ring: (inode) => rings.add(inode), done: (root) => roots.delete(root) };
createInterface(process.stdin).on('line', (line) => {
  const space = line.indexOf(' ');
  words[line.slice(0, space)]?.(line.slice(space + 1));
});
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

function read(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

const processes = () =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && !/^State:\s+[ZX]/m.test(read(`/proc/${pid}/status`)));

const namesRoot = (pid) => {
  const said = `${read(`/proc/${pid}/cmdline`)}\0${read(`/proc/${pid}/environ`)}`;
  return [...roots].some((root) => said.includes(root));
};

function ringsOf(pid) {
  const rings = [];
  let fds = [];
  try {
    fds = readdirSync(`/proc/${pid}/fd`);
  } catch {}
  for (const fd of fds)
    try {
      const path = `/proc/${pid}/fd/${fd}`;
      if (readlinkSync(path).includes('memfd:fsi-ring')) rings.push(String(statSync(path).ino));
    } catch {
      // Closed while we looked, which says nothing of the others.
    }
  return rings;
}

/** An agent keeps its ring for life: it is looked at until it has one. What it costs to look is taken from the tests. */
const known = new Set();
const learnRings = () => {
  if (roots.size === 0) return;
  for (const pid of processes().filter((pid) => !known.has(pid) && namesRoot(pid)))
    for (const ring of ringsOf(pid)) {
      rings.add(ring);
      known.add(pid);
    }
};
setInterval(learnRings, 2000).unref();

const isInterceptor = (pid) => /^(fsid|fsi-holder)$/.test(read(`/proc/${pid}/comm`).trim());
const belonging = () =>
  processes().filter((pid) => namesRoot(pid) || (isInterceptor(pid) && ringsOf(pid).some((ring) => rings.has(ring))));

/** Several rounds: fsid and holder start each other again. */
function endProcesses() {
  for (let round = 0; round < 40; round += 1) {
    const left = belonging();
    if (left.length === 0) return;
    for (const pid of left) {
      if (round === 0)
        console.log(`ended: ${pid} ${read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ').trim().slice(0, 160)}`);
      try {
        process.kill(pid, 'SIGKILL');
      } catch {}
    }
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 50);
  }
  console.log(`could not be ended: ${belonging().join(' ')}`);
}

function unmountAll() {
  const points = read('/proc/self/mountinfo')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, o) => String.fromCharCode(Number.parseInt(o, 8))),
    )
    .filter((point) => [...roots].some((root) => point.startsWith(`${root}/`)));
  for (const point of points.reverse()) {
    console.log(`unmounted: ${point}`);
    spawnSync('umount', ['-l', point]);
  }
}

process.stdin.once('close', () => {
  if (roots.size === 0) process.exit(0);
  learnRings();
  endProcesses();
  unmountAll();
  // rm, because Node's own removal gives up on paths longer than PATH_MAX.
  const removal = spawnSync('rm', ['-rf', '--one-file-system', ...roots], { encoding: 'utf8' });
  if (removal.status !== 0) console.log(`not removed: ${removal.stderr.slice(0, 500)}`);
  process.exit(0);
});
