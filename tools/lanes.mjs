/**
 * Lanes: the specs with real agents go through several at once, each lane in process and mount namespaces of its own, so that none sees the
 * other's processes, mounts or descriptors, and whatever a lane leaves behind ends with it. In: the spec files, what each took.
 * Out: which goes where, and the command that starts a lane. Promised: every file is in exactly one lane.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Refusal } from './ensure.mjs';

/**
 * Tests that want the machine for themselves. Processes in mount namespaces of their own see every directory: while one lives,
 * protecting anything is refused. And a storm of kills beside another test measures that test. In a lane nothing else runs.
 */
export const ALONE = [
  'packages/interceptor/src/fuse/torture.test.ts',
  'packages/interceptor/src/fuse/nested-torture.test.ts',
  'packages/interceptor/src/fuse/refusal.test.ts',
  'packages/interceptor/src/tripwire/tripwire.test.ts',
  'apps/agent/src/jobs/target/guard/open-writers.test.ts',
  'apps/agent/src/jobs/takeover/test-failover/namespace.test.ts',
  // Counts to the byte what waits to be written: in a process that has run other tests before, pieces are cut otherwise.
  'apps/agent/src/ports/replication-link/replication-link.hostile.test.ts',
];

/** A spec that is not named below. */
const USUAL_SECONDS = 25;
/** Measured in two lanes on two processors that did as much again beside them; only the balance of the lanes depends on it. */
const SECONDS = {
  memory: 137,
  synchronous: 130,
  'power-cut': 103,
  console: 102,
  'mirror-storm': 97,
  automatic: 89,
  'world-line': 87,
  'world-kills': 83,
  failback: 77,
  brake: 76,
  restore: 70,
  nested: 69,
  stopping: 64,
  'world-space': 64,
  presets: 64,
  kills: 58,
  'other-file-systems': 58,
  'job-roots': 52,
  lease: 52,
  'bad-input-places': 51,
  topology: 49,
  verify: 48,
  postgres: 47,
  torture: 47,
  'power-cut-mirror': 38,
  'test-failover': 38,
  'console-line': 100,
  'console-bad-input': 33,
  past: 32,
  'bad-input-commands': 30,
  'console-scale': 30,
  'bad-input-agent': 29,
  'console-kills': 17,
  'nested-torture': 17,
  verbs: 15,
  systemd: 10,
  bypass: 7,
  tripwire: 5,
  refusal: 3,
  'open-writers': 3,
  'replication-link.hostile': 3,
  namespace: 2,
};

const secondsOf = (file) => SECONDS[/([^/]+)\.(?:spec|test)\.ts$/.exec(file)?.[1] ?? ''] ?? USUAL_SECONDS;

/**
 * A spec waits as well as works: while one waits, another may work. With three lanes for two processors, applications wrote faster than their
 * agents came to send, queues grew to hundreds of MiB, and what was waited for came too late. `UNDERSTUDY_TEST_LANES` says another number.
 */
export function laneCount(wanted = process.env.UNDERSTUDY_TEST_LANES, processors = availableParallelism()) {
  if (wanted === undefined || wanted === '') return processors === 1 ? 1 : Math.max(2, Math.floor(processors / 2));
  if (/^[1-9]\d?$/.test(wanted)) return Number(wanted);
  throw new Refusal(`UNDERSTUDY_TEST_LANES=${wanted}: a whole number from 1 to 99 would be right`);
}

/**
 * The longest first, each to the lane that has least to do so far.
 * @param {readonly string[]} files
 * @param {number} count of lanes, at least 1
 * @returns {string[][]} no lane is empty
 */
export function lanesOf(files, count) {
  const lanes = Array.from({ length: count }, () => ({ seconds: 0, files: [] }));
  for (const file of [...files].sort((a, b) => secondsOf(b) - secondsOf(a) || (a < b ? -1 : 1))) {
    const lane = lanes.reduce((least, one) => (one.seconds < least.seconds ? one : least));
    lane.seconds += secondsOf(file);
    lane.files.push(file);
  }
  return lanes.map((lane) => lane.files).filter((lane) => lane.length > 0);
}

/** Puts a command into namespaces of its own; all of it ends with the command, or with us. */
const APART = ['unshare', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];

/** Why lanes cannot be kept apart here, or null. */
export function whyNotApart() {
  const { status, stderr, error } = spawnSync(APART[0], [...APART.slice(1), 'true'], { encoding: 'utf8' });
  return status === 0 ? null : (error?.message ?? stderr.trim()) || `unshare ended with ${status}`;
}

/** @returns {[string, string[]]} program and arguments */
export const apart = (program, args) => [APART[0], [...APART.slice(1), program, ...args]];

/** What several runs said, as one; complete only when each came to its end. */
export function joined(summaries) {
  const whole = { suites: {}, skipped: [], failed: [] };
  for (const one of summaries) {
    for (const [name, suite] of Object.entries(one.suites)) {
      const sum = whole.suites[name] ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
      for (const kind of Object.keys(sum)) sum[kind] += suite[kind];
      whole.suites[name] = sum;
    }
    for (const list of ['skipped', 'failed']) whole[list].push(...one[list]);
  }
  return whole;
}
