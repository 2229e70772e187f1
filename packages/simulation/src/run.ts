/** One run under way: the pair, what works on it, what each kind of chance is drawn from. */
import type { SourceFiles } from '@understudy/engine';
import type { Deafness } from './deafness.ts';
import type { Pair } from './pair.ts';
import { SeededRandom } from './random.ts';
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
export class Chances {
  readonly main: SeededRandom;
  readonly mirror: SeededRandom;
  readonly disk: SeededRandom;
  readonly epoch: SeededRandom;
  readonly more: SeededRandom;
  readonly wire: SeededRandom;
  readonly deaf: SeededRandom;
  readonly #seed: number;

  constructor(seed: number) {
    this.#seed = seed;
    this.main = new SeededRandom(seed);
    this.mirror = new SeededRandom(seed ^ SALT.mirror);
    this.disk = new SeededRandom(seed ^ SALT.disk);
    this.epoch = new SeededRandom(seed ^ SALT.epoch);
    this.more = new SeededRandom(seed ^ SALT.more);
    this.wire = new SeededRandom(seed ^ SALT.wire);
    this.deaf = new SeededRandom(seed ^ SALT.deaf);
  }

  /** From here on what is drawn depends on the seed and the step alone. */
  restart(step: number): void {
    this.main.restart(this.#seed, step);
    this.mirror.restart(this.#seed ^ SALT.mirror, step);
    this.disk.restart(this.#seed ^ SALT.disk, step);
    this.epoch.restart(this.#seed ^ SALT.epoch, step);
    this.more.restart(this.#seed ^ SALT.more, step);
    this.wire.restart(this.#seed ^ SALT.wire, step);
    this.deaf.restart(this.#seed ^ SALT.deaf, step);
  }
}

const SALT = {
  mirror: 0x31337,
  disk: 0x70_77_72,
  epoch: 0x65_70_6f,
  more: 0x6d_6f_72,
  wire: 0x77_69_72,
  deaf: 0x64_65_61,
};

export interface Run {
  readonly pair: Pair;
  readonly work: Workload;
  readonly watcher: Watcher;
  readonly chances: Chances;
  readonly failures: string[];
  readonly world: World;
  readonly spoil: (pair: Pair) => void;
  readonly deaf: Deafness;
  /** Ends the pause of the interceptor's recording; null: it records. */
  resume: (() => void) | null;
  handPaused: boolean;
  /** Somebody has written into the replica: it is none of the source's pasts. */
  planting: boolean;
}

/** For the report of a failure. */
export function say({ work }: Run, what: string): void {
  work.steps.push(what);
}
