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
    file: `${QUEUE}/send-queue.ts`,
    from: '      const grown = mergeWrite(tail, records, at, of.root);\n',
    to: `      let grown = mergeWrite(tail, records, at, of.root);
      if (grown < 0 && tail.beforeAt >= 0) {
        const between = tail.bytes.slice(tail.lastAt, tail.used);
        const one = { bytes: tail.bytes, used: tail.lastAt, lastAt: tail.beforeAt };
        grown = tail.used + of.length > tail.bytes.length ? -1 : mergeWrite(one, records, at, of.root);
        tail.bytes.set(between, one.used);
        tail.lastAt = one.used;
        tail.used = one.used + between.length;
      }
`,
    seeds: 200,
    first: 60,
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
    rule: 'SCM2',
    what: 'more under way than the window holds, in bytes',
    file: `${TRANSMIT}/source-communication-manager.ts`,
    from: 'this.#log.bytes >= this.#window.bytes ||',
    to: 'this.#log.bytes >= this.#window.bytes * 2 ||',
    seeds: 30,
  },
  {
    rule: 'SCM2',
    what: 'more under way than the window holds, in packets',
    file: `${TRANSMIT}/source-communication-manager.ts`,
    from: ' || this.#log.size >= this.#window.packets) return undefined;',
    to: ') return undefined;',
    seeds: 60,
  },
  {
    rule: 'TCM6',
    what: 'a target that is full and goes on taking',
    file: `${TARGET}/accept/target-communication-manager.ts`,
    from: "    this.#full = true;\n    return { flow: 'pause', condition: this.condition };\n",
    to: '    return { flow: null, condition: null };\n',
    seeds: 60,
    first: 510,
  },
  {
    rule: 'TCM5',
    what: 'a rename that is replayed without looking whose the name is',
    file: `${TARGET}/apply/operations/rename.ts`,
    from: 'one !== null && two !== null && root.at(one)?.handle === handle && root.at(two)?.handle === other',
    to: 'one !== null && two !== null && root.at(one) !== null && root.at(two) !== null',
    seeds: 100,
    first: 400,
  },
  {
    rule: 'TCM5',
    what: 'a rename that is replayed, and takes whatever has the old name by now',
    file: `${TARGET}/apply/placement.ts`,
    from: 'from !== null && root.at(from)?.handle === handle) return from;',
    to: 'from !== null && root.at(from) !== null) return from;',
    seeds: 60,
    first: 60,
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
    to: `    const held = (world.roots.held ??= new Map());
    const key = root.index + '/' + task.node + '/' + data.start;
    const old = held.get(key);
    if (old !== undefined) this.#buffer.set(old.subarray(0, length));
    const read = old === undefined ? file.read(data.start, this.#buffer.subarray(0, length)) : Math.min(old.length, length);
    if (old === undefined) held.set(key, this.#buffer.slice(0, read));
`,
    seeds: 300,
    first: 25,
  },
  {
    rule: 'TCM5',
    what: "a checkpoint's mark before the replica is on its disk",
    file: 'simulation/src/target-agent.ts',
    from: 'if (!this.marksBeforeSync) for (const replica of this.replicas) replica.sync();',
    to: '',
    seeds: 100,
    first: 300,
  },
  {
    rule: 'SRM3',
    what: 'a region that is cleared before the sync',
    file: 'simulation/src/source-power.ts',
    from: '    this.#keep();\n    if (!settled',
    to: '    if (!settled',
    seeds: 60,
    first: 230,
  },
  {
    rule: 'SRM3',
    what: 'a region that is cleared before the target has received what was done there',
    file: 'engine/src/protection/power-cut.ts',
    from: 'srm.queue.operations === 0 && scm.inFlightBytes === 0 ? drained : scm.receivedOrigin;',
    to: 'drained;',
    seeds: 60,
  },
  {
    rule: 'TRM1',
    what: 'a mark before the times that it speaks for',
    file: `${TARGET}/apply/target-replication-manager.ts`,
    from: '    if (!this.#setTimes(nowMs, outbox)) return false;\n',
    to: '    queueMicrotask(() => this.#setTimes(nowMs, new Outbox()));\n',
    seeds: 60,
  },
  {
    rule: 'TCM4',
    what: 'a recovery point that moves with what is received, not with what is applied',
    file: `${TRANSMIT}/source-communication-manager.ts`,
    from: 'return this.#unapplied.oldestTimeMs;',
    to: 'return this.#log.oldest?.firstTimeMs ?? null;',
    seeds: 60,
  },
  {
    rule: 'FSI6',
    what: 'cookies that do not come, and no gap for it',
    file: 'engine/src/protection/source-job.ts',
    from: '      this.intercepted(bytes, 0, bytes.length, root);\n',
    to: '',
    seeds: 60,
  },
  {
    rule: 'SRM1',
    what: 'a ring that is let go of where one of its jobs still needs it',
    file: 'simulation/src/source-host.ts',
    from: 'this.interceptor.free(Math.min(...this.#through.values()));',
    to: 'this.interceptor.free(Math.max(...this.#through.values()));',
    seeds: 100,
    first: 30,
  },
  {
    rule: 'SAFE4',
    what: 'a way back that undoes what came first before what came last',
    file: `${TARGET}/apply/brake/roll-back.ts`,
    from: '  for (const at of offsets.toReversed()) {\n    if (at >= undoneFrom) continue;\n',
    to: '  for (const at of offsets) {\n    if (at >= undoneFrom) continue;\n',
    seeds: 120,
    first: 25,
  },
  {
    rule: 'FSI6',
    what: 'a file that could not be read, and that nobody names',
    file: 'engine/src/protection/job-mirror-world.ts',
    from: 'refusals.giveUp(root, node,',
    to: 'void (root, node,',
    seeds: 60,
  },
  {
    rule: 'TRM4',
    what: 'space that is asked for within a file and makes it longer',
    file: `${TARGET}/apply/operations/fallocate.ts`,
    from: 'root.files.allocate(handle, mode, offset, extent);',
    to: 'root.files.allocate(handle, mode === KEEP_SIZE ? 0 : mode, offset, extent);',
    seeds: 60,
  },
  {
    rule: 'TRM4',
    what: 'a range of zeros that makes a file longer which was to keep its size',
    file: `${TARGET}/apply/operations/fallocate.ts`,
    from: 'root.files.allocate(handle, mode, offset, extent);',
    to: 'root.files.allocate(handle, mode === (ZERO_RANGE | KEEP_SIZE) ? ZERO_RANGE : mode, offset, extent);',
    seeds: 60,
  },
  {
    rule: 'TRM4',
    what: 'access control lists that no mirror sends',
    file: 'engine/src/protection/mirror/entry-sender.ts',
    from: '      return root.files.xattrs(node);\n',
    to: "      return root.files.xattrs(node)?.filter(([name]) => name.startsWith('user.')) ?? null;\n",
    seeds: 60,
  },
  {
    rule: 'TRM4',
    what: 'a mode that is set, and an access control list put back as it was before',
    file: `${TARGET}/apply/operations/setattr.ts`,
    from: '  if (mode && !isSymlink(attributes)) root.files.setMode(handle, attributes.mode & PERMISSIONS);\n',
    to: `  const before = root.files.xattrs(handle) ?? [];
  if (mode && !isSymlink(attributes)) root.files.setMode(handle, attributes.mode & PERMISSIONS);
  for (const [name, value] of before) if (name === 'system.posix_acl_access') root.files.setXattr(handle, name, value);
`,
    seeds: 100,
    first: 100,
  },
];
