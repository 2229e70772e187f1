/**
 * Faults of the engine's own source: for each, one place and what it is made to be. In: nothing. Out: what `planted-loader.mjs` plants.
 * The product knows nothing of them; a place that has moved is noticed, because the loader must find it exactly once.
 */
export interface Planted {
  readonly rule: string;
  readonly what: string;
  /** End of the file's path. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
  /** Of so many seeds, beginning with `first` (1), one notices it. */
  readonly seeds: number;
  readonly first?: number;
}

const QUEUE = 'engine/src/data-path/source/queue';
const TRANSMIT = 'engine/src/data-path/source/transmit';
const TARGET = 'engine/src/data-path/target';

export const PLANTED: readonly Planted[] = [
  {
    rule: 'SCM1',
    what: 'a merge that overtakes what came between',
    file: `${QUEUE}/merge.ts`,
    from: '  if (!continues(old, add, root)) return -1;\n',
    // What came between, on the same file, comes after the write that should have waited for it.
    to: `  if (!continues(old, add, root)) {
    const length = add.getUint32(AT.length, true);
    if (old.getBigUint64(AT.node, true) !== add.getBigUint64(AT.node, true)) return -1;
    if (target.used + length > target.bytes.length) return -1;
    target.bytes.copyWithin(target.lastAt + length, target.lastAt, target.used);
    target.bytes.set(records.subarray(at, at + length), target.lastAt);
    new DataView(target.bytes.buffer, target.bytes.byteOffset).setUint16(target.lastAt + AT.root, root, true);
    target.lastAt += length;
    target.used += length;
    target.count += 1;
    return length;
  }
`,
    seeds: 150,
  },
  {
    rule: 'SCM2',
    what: 'a log that is freed before the target has received it',
    file: `${TRANSMIT}/transaction-log.ts`,
    from: 'packet !== undefined && packet.to <= received;',
    to: 'packet !== undefined;',
    seeds: 30,
  },
  {
    rule: 'SCM2',
    what: 'a resend that is skipped',
    file: `${TRANSMIT}/source-communication-manager.ts`,
    from: '      this.#again.push(packet);\n',
    to: '',
    seeds: 30,
  },
  {
    rule: 'TCM5',
    what: 'a rename that is replayed without looking whose the name is',
    file: `${TARGET}/apply/operations/rename.ts`,
    from: 'one !== null && two !== null && root.at(one)?.handle === handle && root.at(two)?.handle === other',
    to: 'one !== null && two !== null && root.at(one) !== null && root.at(two) !== null',
    seeds: 60,
    first: 330,
  },
  {
    rule: 'TCM3',
    what: 'a packet of an older epoch that is accepted',
    file: `${TARGET}/accept/target-communication-manager.ts`,
    from: 'if (packet.epoch < this.#epoch)',
    to: 'if (packet.epoch < 0)',
    seeds: 60,
  },
  {
    rule: 'MIR1',
    what: "a mirror's block that was read before a newer write and is sent over it",
    file: 'engine/src/protection/mirror/content-sender.ts',
    from: '    const read = file.read(data.start, this.#buffer.subarray(0, length));\n',
    to: `    const held = (world.held ??= new Map());
    const key = root.index + '/' + task.node + '/' + data.start;
    const old = held.get(key);
    if (old !== undefined) this.#buffer.set(old.subarray(0, length));
    const read = old === undefined ? file.read(data.start, this.#buffer.subarray(0, length)) : Math.min(old.length, length);
    if (old === undefined) held.set(key, this.#buffer.slice(0, read));
`,
    seeds: 60,
  },
  {
    rule: 'TCM5',
    what: "a checkpoint's mark before the replica is on its disk",
    file: 'simulation/src/target-agent.ts',
    from: 'if (!this.marksBeforeSync) for (const replica of this.replicas) replica.sync();',
    to: '',
    seeds: 600,
  },
  {
    rule: 'TRM1',
    what: 'a mark before the times that it speaks for',
    file: `${TARGET}/apply/target-replication-manager.ts`,
    from: '    if (!this.#setTimes(nowMs, outbox)) return false;\n',
    to: '    queueMicrotask(() => this.#setTimes(nowMs, new Outbox()));\n',
    seeds: 60,
  },
];
