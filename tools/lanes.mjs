/**
 * Lanes: the specs with real agents go through several at once, each lane in process and mount namespaces of its own, so that none sees the
 * other's processes, mounts or descriptors, and whatever a lane leaves behind ends with it. In: the spec files, what each took.
 * Out: which goes where, and the command that starts a lane. Promised: every file is in exactly one lane.
 */
import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { Refusal } from './ensure.mjs';

/** A spec that is not named below. */
const USUAL_SECONDS = 25;
/** Measured beside others on two busy processors, rounded; only the balance of the lanes depends on it. */
const SECONDS = {
  'world-space': 175,
  synchronous: 135,
  'world-line': 125,
  brake: 115,
  'power-cut': 105,
  console: 125,
  memory: 95,
  automatic: 90,
  'console-bad-input': 73,
  failback: 75,
  past: 65,
  topology: 60,
  'other-file-systems': 57,
  'world-kills': 57,
  lease: 50,
  'job-roots': 49,
  'bad-input-places': 48,
  'test-failover': 47,
  stopping: 43,
  kills: 41,
  'mirror-storm': 41,
  nested: 39,
  postgres: 35,
  'append-order': 31,
  'power-cut-mirror': 31,
  'console-scale': 30,
  presets: 31,
  verify: 31,
  sqlite: 30,
};

const secondsOf = (file) => SECONDS[/([^/]+)\.spec\.ts$/.exec(file)?.[1] ?? ''] ?? USUAL_SECONDS;

/**
 * Agents, their companions and their applications keep two processors busy: with three lanes there, applications wrote faster than their
 * agents came to send, queues grew to hundreds of MiB, and what was waited for came too late. `UNDERSTUDY_TEST_LANES` says another number.
 */
export function laneCount(wanted = process.env.UNDERSTUDY_TEST_LANES, processors = availableParallelism()) {
  if (wanted === undefined || wanted === '') return Math.max(1, Math.floor(processors / 2));
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
  const whole = { suites: {}, skipped: [], failed: [], wavering: [] };
  for (const one of summaries) {
    for (const [name, suite] of Object.entries(one.suites)) {
      const sum = whole.suites[name] ?? { passed: 0, failed: 0, skipped: 0, ms: 0 };
      for (const kind of Object.keys(sum)) sum[kind] += suite[kind];
      whole.suites[name] = sum;
    }
    for (const list of ['skipped', 'failed', 'wavering']) whole[list].push(...(one[list] ?? []));
  }
  return whole;
}
