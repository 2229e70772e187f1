/** One run under way: the pair, what works on it, what each kind of chance is drawn from. */
import type { SourceFiles } from '@understudy/engine';
import type { BadSource } from './bad-source.ts';
import type { Beside } from './beside.ts';
import type { Deafness } from './deafness.ts';
import type { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
import type { SourcePower } from './source-power.ts';
import type { Watcher } from './watcher.ts';
import type { ToTarget } from './wire-link.ts';
import type { Workload } from './workload.ts';
import type { World } from './world.ts';

/** Something planted, to see that the checkers notice. */
export interface Mutation {
  readonly world?: Partial<World>;
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
  readonly tamper?: (message: ToTarget) => ToTarget;
  /** Called once the pair stands, and after every restart of the source. */
  readonly spoil?: (pair: Pair) => void;
  /** Whether a step is done at all; see shorten.ts. */
  readonly keeps?: (step: number) => boolean;
}

/** Of its own each, so that what is drawn for the one leaves the rest of a run as it was. */
const SALT = {
  main: 0,
  mirror: 0x31337,
  disk: 0x70_77_72,
  epoch: 0x65_70_6f,
  more: 0x6d_6f_72,
  wire: 0x77_69_72,
  deaf: 0x64_65_61,
  beside: 0x62_65_73,
  brake: 0x62_72_6b,
  source: 0x73_72_63,
  cuts: 0x63_75_74,
  narrow: 0x6e_61_72,
  verbs: 0x76_65_72,
  faults: 0x66_61_75,
  rules: 0x72_75_6c,
};
type Chance = keyof typeof SALT;

export class Chances {
  readonly #seed: number;
  readonly #all: readonly (readonly [salt: number, random: SeededRandom])[];
  readonly main: SeededRandom;
  readonly mirror: SeededRandom;
  readonly disk: SeededRandom;
  readonly epoch: SeededRandom;
  readonly more: SeededRandom;
  readonly wire: SeededRandom;
  readonly deaf: SeededRandom;
  readonly beside: SeededRandom;
  readonly brake: SeededRandom;
  readonly source: SeededRandom;
  readonly cuts: SeededRandom;
  readonly narrow: SeededRandom;
  readonly verbs: SeededRandom;
  readonly faults: SeededRandom;
  readonly rules: SeededRandom;

  constructor(seed: number) {
    this.#seed = seed;
    const of = (chance: Chance) => new SeededRandom(seed ^ SALT[chance]);
    this.main = of('main');
    this.mirror = of('mirror');
    this.disk = of('disk');
    this.epoch = of('epoch');
    this.more = of('more');
    this.wire = of('wire');
    this.deaf = of('deaf');
    this.beside = of('beside');
    this.brake = of('brake');
    this.source = of('source');
    this.cuts = of('cuts');
    this.narrow = of('narrow');
    this.verbs = of('verbs');
    this.faults = of('faults');
    this.rules = of('rules');
    this.#all = (Object.keys(SALT) as Chance[]).map((chance) => [SALT[chance], this[chance]] as const);
  }

  /** From here on what is drawn depends on the seed and the step alone. */
  restart(step: number): void {
    for (const [salt, random] of this.#all) random.restart(this.#seed ^ salt, step);
  }
}

export interface Run {
  readonly pair: Pair;
  readonly work: Workload;
  readonly watcher: Watcher;
  readonly chances: Chances;
  readonly failures: string[];
  readonly world: World;
  readonly spoil: (pair: Pair) => void;
  readonly deaf: Deafness;
  readonly badSource: BadSource;
  /** Another job of the same source; null: there is none. */
  readonly beside: Beside | null;
  /** Ends the pause of the interceptor's recording; null: it records. */
  resume: (() => void) | null;
  handPaused: boolean;
  /** Of the source's machine; null: it never fails. */
  power: SourcePower | null;
  /** Somebody has written into the replica: it is none of the source's pasts. */
  planting: boolean;
}

/** The jobs of the run. */
export function pairsOf({ pair, beside }: Pick<Run, 'pair' | 'beside'>): Pair[] {
  return beside === null ? [pair] : [pair, beside.pair];
}

/** An application's call has been executed. */
export function changed({ watcher, beside }: Run): void {
  watcher.changed();
  beside?.watcher.changed();
}

/** For the report of a failure. */
export function say({ work }: Run, what: string): void {
  work.steps.push(what);
}
