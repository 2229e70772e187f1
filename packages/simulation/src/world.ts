/** What kind of world a seed draws: how much memory, how bad a wire, a disk, an interceptor, which rules. */
import { DISK_KINDS, type DiskKind } from './bad-disk.ts';
import type { SourceDiskKind } from './bad-source.ts';
import type { BesideWorld } from './beside.ts';
import type { BrakeWorld } from './pair-options.ts';
import type { SeededRandom } from './random.ts';
import { SCOPE_KINDS, type ScopeKind } from './scopes.ts';

export interface World {
  readonly memoryBytes: number;
  readonly ringBytes: number;
  /** Of the queue's store. */
  readonly storeBytes?: number;
  /** Of what waits on the target to be applied. */
  readonly targetBytes?: number | undefined;
  /** Of the target's journal. */
  readonly journalBytes?: number;
  /** How likely a step cuts the target's power. */
  readonly powerCuts?: number;
  /** How likely another server takes over at a step, and gives the set back. */
  readonly takeOvers?: number;
  /** How likely a step breaks something. */
  readonly trouble: number;
  readonly scopes: readonly ScopeKind[];
  /** The interceptor sees more than the job's first root. */
  readonly within: boolean;
  readonly disk: DiskKind;
  /** Cookies go round. */
  readonly audit?: boolean;
  /** How likely from a step on the interceptor records nothing, cookies included, until the job knows. */
  readonly deafness?: number;
  /** How likely an application does several calls that belong together. */
  readonly bursts?: number;
  /** How likely the wire loses a frame, doubles it, or lets it overtake the one before. */
  readonly badWire?: number;
  /** How likely a link is lost at a step and one end, or neither, knows. */
  readonly halfOpen?: number;
  /** How likely the source's agent is to die at one of its next effects. */
  readonly sourceDeaths?: number;
  /** How badly the source's own files can be read by a mirror, a repair, a verification. */
  readonly sourceDisk?: SourceDiskKind;
  /** How likely a step cuts the source's power. */
  readonly sourceCuts?: number;
  /** SAFE4: the target has a brake; null: it has none. */
  readonly brake?: BrakeWorld | null;
  /** A second job of the same source; null: there is none. */
  readonly beside?: BesideWorld | null;
  /** The target's disk takes its time: one operation at a turn, its syncs late. */
  readonly slow?: boolean;
  /** The job protects already when the steps begin. */
  readonly settled?: boolean;
  /** Applications also ask for space ahead, zero and copy ranges, and set access control lists. */
  readonly furtherVerbs?: boolean;
  /** How likely what the target reads of its replica cannot be read. */
  readonly badReads?: number;
  /** How likely the target's journals cannot be written for a while. */
  readonly badJournals?: number;
  /** How likely the rules are edited at a step. */
  readonly ruleEdits?: number;
  /** Each step draws for itself, so that steps can be left out and the others stay what they were. */
  readonly stepwise?: boolean;
}

/** What seeds draw only since those that were shortened hurt, so that these are still the runs that they were. */
export const NOT_YET: Partial<World> = {
  sourceCuts: 0,
  targetBytes: undefined,
  furtherVerbs: false,
  badReads: 0,
  badJournals: 0,
  ruleEdits: 0,
};

/** Worlds as they were when the first seeds hurt, and likewise. */
export const AS_IT_WAS: Partial<World> = {
  ...NOT_YET,
  bursts: 0,
  badWire: 0,
  halfOpen: 0,
  sourceDeaths: 0,
  slow: false,
  settled: false,
  stepwise: false,
  audit: false,
  deafness: 0,
  sourceDisk: 'good',
  brake: null,
  beside: null,
};

export function drawWorld(random: SeededRandom): World {
  const memoryBytes = random.pick([300_000, 600_000, 1 << 26]) ?? 1 << 26;
  const ringBytes = random.pick([20_000, 1 << 22, 1 << 22]) ?? 1 << 22;
  const trouble = random.pick([0, 0.01, 0.05]) ?? 0;
  const ofOne = () => (random.chance(0.5) ? 'whole' : (random.pick(SCOPE_KINDS) ?? 'whole'));
  const scopes = random.chance(0.2) ? [ofOne(), ofOne()] : [ofOne()];
  const disk = random.pick(DISK_KINDS) ?? 'good';
  const storeBytes = random.pick([0, 200_000, 1 << 26, 1 << 26]) ?? 1 << 26;
  return { memoryBytes, ringBytes, storeBytes, trouble, scopes, disk, within: random.chance(0.25) };
}

/** Drawn apart: worlds stay what they were before there was a disk to draw. */
export function drawTargetDisk(random: SeededRandom): Pick<World, 'journalBytes' | 'powerCuts'> {
  return {
    journalBytes: random.pick([60_000, 1 << 26, 1 << 26]) ?? 1 << 26,
    powerCuts: random.pick([0, 0, 0.01, 0.03]) ?? 0,
  };
}

/** Drawn apart, too. */
export function drawTakeOvers(random: SeededRandom): Pick<World, 'takeOvers'> {
  return { takeOvers: random.pick([0, 0, 0, 0.005]) ?? 0 };
}

/** And so are these. */
export function drawMore(random: SeededRandom): Partial<World> {
  return {
    bursts: random.pick([0, 0.1, 0.3]) ?? 0,
    badWire: random.pick([0, 0, 0.01, 0.05]) ?? 0,
    halfOpen: random.pick([0, 0, 0.005]) ?? 0,
    sourceDeaths: random.pick([0, 0, 0.005, 0.02]) ?? 0,
    slow: random.chance(0.3),
    settled: random.chance(0.6),
    stepwise: true,
  };
}

/** And these. */
export function drawDeafness(random: SeededRandom): Pick<World, 'audit' | 'deafness'> {
  const audit = random.chance(0.25);
  return { audit, deafness: audit ? (random.pick([0, 0.01, 0.03]) ?? 0) : 0 };
}

/** And these: so that most seeds stay cheap. */
export function drawSourceDisk(random: SeededRandom): Pick<World, 'sourceDisk'> {
  const draw = random.next();
  return { sourceDisk: draw < 0.1 ? 'now-and-then' : draw < 0.2 ? 'bad-spots' : 'good' };
}

/** What an interceptor misses is in no activity log either: where it may be deaf nothing is promised for a power cut. */
export function drawSourceCuts(random: SeededRandom, deafness = 0): Pick<World, 'sourceCuts'> {
  const sourceCuts = random.chance(0.2) ? (random.pick([0.005, 0.02]) ?? 0.02) : 0;
  return { sourceCuts: deafness > 0 ? 0 : sourceCuts };
}

/** TCM6: less than a source may have under way. */
export function drawTargetMemory(random: SeededRandom): Pick<World, 'targetBytes'> {
  return random.chance(0.2) ? { targetBytes: 4096 } : {};
}

export function drawVerbs(random: SeededRandom): Pick<World, 'furtherVerbs'> {
  return { furtherVerbs: random.chance(0.3) };
}

export function drawFaults(random: SeededRandom): Pick<World, 'badReads' | 'badJournals'> {
  return {
    badReads: random.chance(0.2) ? (random.pick([0.02, 0.1]) ?? 0.1) : 0,
    badJournals: random.chance(0.15) ? (random.pick([0.005, 0.02]) ?? 0.02) : 0,
  };
}

/** Where a replica may be taken back its moments were noted under the rules of then. */
export function drawRuleEdits(random: SeededRandom, brake: World['brake']): Pick<World, 'ruleEdits'> {
  const ruleEdits = random.chance(0.15) ? (random.pick([0.003, 0.01]) ?? 0.01) : 0;
  return { ruleEdits: brake == null ? ruleEdits : 0 };
}

export function drawBrake(random: SeededRandom): Pick<World, 'brake'> {
  const wanted = random.chance(0.15);
  const brake = {
    files: 2 + random.below(5),
    share: random.pick([0.05, 0.1]) ?? 0.1,
    windowMs: random.pick([500, 1_500, 5_000]) ?? 1_500,
    copyBytes: random.pick([20_000, 1 << 26, 1 << 26]) ?? 1 << 26,
  };
  return { brake: wanted ? brake : null };
}

const describeLatest = ({
  targetBytes,
  sourceDisk = 'good',
  sourceCuts = 0,
  furtherVerbs = false,
  badReads = 0,
  badJournals = 0,
  ruleEdits = 0,
  brake = null,
  beside = null,
}: World): string => {
  const memory = targetBytes === undefined ? '' : `, target's memory ${targetBytes}`;
  const power = sourceCuts === 0 ? '' : `, source's power cuts ${sourceCuts}`;
  const disk = (sourceDisk === 'good' ? '' : `, source's disk ${sourceDisk}`) + power + memory;
  const limits =
    (furtherVerbs ? ', further verbs' : '') +
    (badReads === 0 ? '' : `, bad reads ${badReads}`) +
    (badJournals === 0 ? '' : `, bad journals ${badJournals}`) +
    (ruleEdits === 0 ? '' : `, rule edits ${ruleEdits}`) +
    (brake === null ? '' : `, brake ${brake.files}/${brake.share}/${brake.windowMs} keeps ${brake.copyBytes}`);
  if (beside === null) return disk + limits;
  const { scope, within, pace, storeBytes } = beside;
  return `${disk}${limits}, beside it ${scope}${within ? ' within' : ''}, ${pace}, disk ${beside.disk}, store ${storeBytes}`;
};

const describeMore = (w: World): string =>
  `bursts ${w.bursts}, bad wire ${w.badWire}, half-open ${w.halfOpen}, source deaths ${w.sourceDeaths}${w.slow ? ', slow' : ''}${w.settled ? ', settled' : ''}${w.audit ? `, audit, deaf ${w.deafness}` : ''}`;

export const describeWorld = (w: World): string =>
  `memory ${w.memoryBytes}, ring ${w.ringBytes}, store ${w.storeBytes}, trouble ${w.trouble}, take-overs ${w.takeOvers}, journal ${w.journalBytes}, power cuts ${w.powerCuts}, scopes ${w.scopes.join('+')}${w.within ? ' within' : ''}, disk ${w.disk}, ${describeMore(w)}${describeLatest(w)}`;
