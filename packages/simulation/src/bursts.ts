/**
 * What applications do in several calls that belong together: log and data in turn, saving beside and renaming over, turning a log over,
 * exchanging two names by a third. In: a file system and some places in it. Out: one call at a time, so that each is a past of its own.
 */
import { type RawName, rawFromText } from '@understudy/base';
import { FallocateMode, type MemoryFileSystem, PAGE } from '@understudy/interceptor/memory';
import type { NodeId } from '@understudy/wire';
import type { SeededRandom } from './random.ts';

export interface BurstPlaces {
  readonly one: { readonly parent: NodeId; readonly name: RawName; readonly node: NodeId };
  readonly two: { readonly parent: NodeId; readonly name: RawName; readonly node: NodeId };
  readonly directory: NodeId;
}

/** One call, and what it does, for the report. */
export interface Call {
  readonly says: string;
  /** Files whose content it changes. */
  readonly touches: () => readonly NodeId[];
  run(): void;
}

type Burst = (fs: MemoryFileSystem, places: BurstPlaces, random: SeededRandom) => Call[];

const call = (says: string, touches: readonly NodeId[], run: () => unknown): Call => ({
  says,
  touches: () => touches,
  run,
});

function write(fs: MemoryFileSystem, node: NodeId, offset: number, data: Uint8Array): Call {
  return call(`write ${node} at ${offset}, ${data.length} bytes`, [node], () => fs.write(node, offset, data));
}

/** As databases do it: a page, a record in the log, the page beside or the same again. */
const pagesAndLog: Burst = (fs, { one, two }, random) => {
  const calls: Call[] = [];
  let offset = random.below(8) * 512;
  for (let i = 2 + random.below(4); i > 0; i -= 1) {
    const bytes = 1 + random.below(900);
    calls.push(write(fs, one.node, offset, new Uint8Array(bytes).fill(1 + random.below(250))));
    // Behind it, over its end, before it, or all of it again.
    offset = Math.max(0, random.pick([offset + bytes, offset + (bytes >> 1), offset - 300, offset]) ?? offset);
    if (random.chance(0.6)) {
      const data = new Uint8Array(1 + random.below(60)).fill(7);
      calls.push(call(`append ${two.node}, ${data.length} bytes`, [two.node], () => fs.append(two.node, data)));
    }
  }
  return calls;
};

/** As editors save. */
const savedBeside: Burst = (fs, { one }, random) => {
  const beside = `${one.name}~` as RawName;
  const data = new Uint8Array(1 + random.below(3000)).fill(1 + random.below(250));
  const made = () => fs.list(one.parent)?.find(({ name }) => name === beside)?.node ?? one.node;
  return [
    call(`create ${one.parent}/${beside}`, [], () => fs.create(one.parent, beside, 0o644)),
    { says: `write ${one.parent}/${beside}`, touches: () => [made()], run: () => fs.write(made(), 0, data) },
    call(`rename ${one.parent}/${beside} over ${one.name}`, [], () =>
      fs.rename(one.parent, beside, one.parent, one.name),
    ),
  ];
};

/** As logs are turned over: the old one keeps its node and a new one begins under the name. */
const turnedOver: Burst = (fs, { one }, random) => {
  const old = `${one.name}.1` as RawName;
  const data = new Uint8Array(1 + random.below(500)).fill(3);
  return [
    call(`rename ${one.parent}/${one.name} to ${old}`, [], () => fs.rename(one.parent, one.name, one.parent, old)),
    call(`create ${one.parent}/${one.name}`, [], () => fs.create(one.parent, one.name, 0o640)),
    call(`append ${one.node}`, [one.node], () => fs.append(one.node, data)),
    call(`unlink ${one.parent}/${old}`, [], () => random.chance(0.5) && fs.unlink(one.parent, old)),
  ];
};

/** Two names exchanged by way of a third, as no one call. */
const exchangedByThird: Burst = (fs, { one, two, directory }) => {
  const third = rawFromText('third');
  return [
    call('rename the one to a third', [], () => fs.rename(one.parent, one.name, directory, third)),
    call('rename the two to the one', [], () => fs.rename(two.parent, two.name, one.parent, one.name)),
    call('rename the third to the two', [], () => fs.rename(directory, third, two.parent, two.name)),
  ];
};

/** Space that is asked for ahead, zeroed, and written into. */
const spaceAhead: Burst = (fs, { one }, random) => {
  const { node } = one;
  const offset = random.below(6) * PAGE;
  const data = new Uint8Array(1 + random.below(2000)).fill(9);
  return [
    call(`allocate ${node} at ${offset}`, [node], () => fs.fallocate(node, 0, offset, 2 * PAGE)),
    call(`zero ${node} at ${offset}`, [node], () => fs.fallocate(node, FallocateMode.zero, offset, PAGE)),
    write(fs, node, offset + random.below(PAGE), data),
  ];
};

const BURSTS: readonly Burst[] = [
  pagesAndLog,
  pagesAndLog,
  pagesAndLog,
  savedBeside,
  turnedOver,
  exchangedByThird,
  spaceAhead,
];

export function drawBurst(fs: MemoryFileSystem, places: BurstPlaces, random: SeededRandom): Call[] {
  return (random.pick(BURSTS) ?? pagesAndLog)(fs, places, random);
}
