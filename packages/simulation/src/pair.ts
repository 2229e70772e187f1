/**
 * Two agents' engines in one process: the real SourceJob, TCM and TRM, on file systems in memory, over a wire that breaks.
 * In: a seed's randomness and a world. Out: a run that can be cranked step by step. Promise: nothing but the seed decides.
 */
import type { Handle, Scope, UndoPoint } from '@understudy/engine';
import type { MemoryReplica } from '@understudy/engine/testing';
import { MemoryFileSystem } from '@understudy/interceptor/memory';
import type { Attributes } from '@understudy/wire';
import { BadDisk } from './bad-disk.ts';
import { acknowledged, welcomed } from './believing.ts';
import { type HeldLine, Images, type LostOfRoot, linesOf, saysItIsAt } from './held-replica.ts';
import {
  ContentHashes,
  imageDifferences,
  isDirectory,
  ReplicaHashes,
  replicaImage,
  SourceNodes,
  sourceImage,
} from './image.ts';
import { orphansWhere, type PairOptions } from './pair-options.ts';
import { PairRoots } from './pair-roots.ts';
import { Reported } from './reported.ts';
import { imageWhere, Rules } from './rule-edits.ts';
import { RunClock } from './run-clock.ts';
import type { ScopeKind } from './scopes.ts';
import { SourceAgent } from './source-agent.ts';
import { SourceHost } from './source-host.ts';
import { TargetAgent } from './target-agent.ts';
import { type ToSource, WireLink } from './wire-link.ts';

/** What a person may say to the brake: of one that holds, or that the replica is wanted as it was at that moment. */
export type Word = 'go-on' | 'halt-here' | UndoPoint;

export class Pair {
  readonly fs: MemoryFileSystem;
  readonly contents: ContentHashes;
  readonly source: SourceAgent;
  readonly target: TargetAgent;
  /** Links that are made from now on lose nothing. */
  wireIsGood: boolean;
  readonly #options: PairOptions;
  readonly places: PairRoots;
  readonly clock: RunClock;
  readonly rules: Rules;
  /** Of other jobs of the same source. */
  readonly besides: Pair[] = [];
  #link: WireLink | null = null;
  readonly #reported = new Reported();
  readonly #nodes: SourceNodes;
  readonly #images = new Images();
  readonly #replicaContents: readonly ReplicaHashes[];
  #powerLost = false;
  #comparedAfterwards = false;

  constructor(options: PairOptions) {
    this.#options = options;
    const { beside } = options;
    this.rules = new Rules(options.scopes);
    this.wireIsGood = options.wire === undefined;
    this.clock = beside?.clock ?? new RunClock();
    const { tick } = this.clock;
    this.fs = beside?.fs ?? new MemoryFileSystem({ wallMs: tick });
    this.contents = beside?.contents ?? new ContentHashes();
    this.#nodes = new SourceNodes(this.contents, (node) => this.fs.versionOf(node));
    this.places = new PairRoots(this.fs, { count: options.scopes.length, within: options.within === true });
    const { paths, served } = this.places;
    const { random, memoryBytes, ringBytes, storeBytes, audit = false, brake } = options;
    this.source = new SourceAgent({
      ...{ random, memoryBytes, audit, tick, fs: this.fs, digests: options.digests?.source },
      ...(storeBytes === undefined ? {} : { storeBytes }),
      host: beside?.source.host ?? new SourceHost({ fs: this.fs, tick, ringBytes }),
      nowMs: () => this.nowMs,
      roots: paths.map((path, i) => ({ path, served: served[i] ?? path })),
      rules: { version: () => this.rules.version, scopeOf: (index) => this.scopeOf(index) },
      ...(options.wrapFiles === undefined ? {} : { wrapFiles: options.wrapFiles }),
      ...(brake === undefined ? {} : { brake: { files: brake.files, share: brake.share, windowMs: brake.windowMs } }),
      orphans: orphansWhere(options),
    });
    this.source.host.onEnd(() => this.#loseLink());
    beside?.besides.push(this);
    this.#replicaContents = options.scopes.map(() => new ReplicaHashes());
    const disk = new BadDisk(options.disk, random, options.faults);
    // Of its own, so that what a target's disk does leaves the rest of a run as it was.
    const { journalBytes, power } = options;
    const moment = power && ((replica: MemoryReplica) => power.chance(0.05) && replica.remember());
    const draws = moment === undefined ? {} : { moment };
    const kept = { journalBytes, brakeCopyBytes: brake?.copyBytes, memoryBytes: options.targetBytes };
    const more = { nowMs: tick, digests: options.digests?.target, ...draws, ...kept };
    this.target = new TargetAgent({ roots: options.scopes.length, disk, ...more });
    if (brake !== undefined) this.target.committed = () => this.#noteMoment();
  }

  get nowMs(): number {
    return this.clock.nowMs;
  }

  get tops() {
    return this.places.tops;
  }

  get fixed() {
    return this.places.fixed;
  }

  scopeOf(index: number): Scope {
    const scope = this.rules.scopeOf(index, this.places.paths[index] ?? '');
    return this.places.isWithin(index) ? { ...scope, within: true } : scope;
  }

  get linked(): boolean {
    return this.#link !== null;
  }

  /** Null without one. */
  get link(): WireLink | null {
    return this.#link;
  }

  /** It met its end at one of its effects, and nobody has started it again. */
  get sourceDied(): boolean {
    return this.source.host.died;
  }

  get events(): readonly string[] {
    return [...this.source.events, ...this.target.events];
  }

  state(): string {
    return this.source.state();
  }

  // ----------------------------------------------------------------------------------------------------- what is seen

  /** The protected set as it is now, over all roots. */
  sourceImage(): string[] {
    return this.source.roots.flatMap(({ files }, i) => {
      const path = this.places.paths[i] ?? '';
      const scope = this.scopeOf(i);
      const whole = scope.whole && this.#countsLinks(i);
      return sourceImage(files, { scope: { ...scope, whole }, path }, this.#nodes).map((line) => path + line);
    });
  }

  /**
   * Without what an agent killed between making a file and noting whose it is has left, and a later mirror reported as an orphan:
   * such a file bears a time of the target's own. `told`: without what was reported as left by rules of before.
   */
  replicaImage(shows: (line: HeldLine) => void = () => {}, told = false): string[] {
    return this.target.replicas.flatMap((replica, i) => {
      const top = this.places.paths[i] ?? '';
      const isOrphan = (path: string, { mode, mtimeSec }: Attributes) =>
        this.#reported.isStray(`${i}${path}`, mtimeSec) ||
        (told && this.#reported.isOutside(`${i}${path}`)) ||
        this.rules.leaves(i, top, { path: `${top}${path}`, isDirectory: isDirectory(mode) });
      const links = this.scopeOf(i).whole && this.#countsLinks(i);
      const contents = this.#replicaContents[i] ?? new ReplicaHashes();
      const shown = (line: string, handle: Handle) => shows({ line: top + line, root: i, top, handle });
      return replicaImage(replica, { links, isOrphan, contents, shows: shown }).map((line) => top + line);
    });
  }

  /** Names of a file outside of the set, or left of another, would count, too. */
  #countsLinks(index: number): boolean {
    return !this.places.isWithin(index) && !this.hasLostRemovals && this.rules.version === 0;
  }

  /** After a power cut on the target its stream did not go on. */
  get comparedAfterPowerCut(): boolean {
    return this.#comparedAfterwards;
  }

  /** Both ends were lost at once: nothing is replayed but compared, and names whose removal was lost are orphans, reported and kept (as links, too). */
  get hasLostRemovals(): boolean {
    return this.#comparedAfterwards && this.#reported.orphans.size > 0;
  }

  get orphans(): number {
    return this.#reported.orphans.size;
  }

  differences(): string[] {
    const of = (image: readonly string[]) => imageDifferences(this.sourceImage(), image);
    return of(imageWhere(this, (image) => of(image).length === 0));
  }

  // ------------------------------------------------------------------------------------------------------- the source

  /** With all its jobs. `folder`: what this job kept stays; `others`: what the others did. */
  async killSource(folder = true, others = true): Promise<void> {
    const pairs = [this, ...this.besides];
    for (const pair of pairs) pair.cut();
    for (const pair of pairs) pair.source.end(pair === this ? folder : others);
    this.source.host.again();
    for (const pair of pairs) await pair.source.start();
  }

  /** As an agent does it: written down, and then drained first, so that what was before belongs to the old rules. One kind a root. */
  editRules(kinds: readonly ScopeKind[]): void {
    this.rules.edit(kinds);
    this.asSource(() => this.source.changeRules());
    this.#reported.rulesEdited(this.source.job.path.next);
  }

  pumpSource(): void {
    this.asSource(() =>
      this.source.turn((packet) => {
        const link = this.#link;
        if (link !== null) link.toTarget.push({ kind: 'operations', packet, epoch: this.source.epoch });
      }),
    );
  }

  asSource(work: () => void): void {
    this.source.host.work(work);
  }

  #loseLink(): void {
    this.#link = null;
    this.target.link = null;
  }

  // -------------------------------------------------------------------------------------------------------- the wire

  cut(): void {
    if (this.#link === null) return;
    this.#loseLink();
    this.asSource(() => this.source.job.linkDown());
  }

  connect(): void {
    if (this.#link !== null || this.sourceDied) return;
    const link = new WireLink(this.wireIsGood ? null : (this.#options.wire ?? null));
    const welcome = this.target.attach(this.source.hello(), link);
    if (welcome === null) return;
    if (this.#powerLost && !welcome.resumes) this.#comparedAfterwards = true;
    this.#link = link;
    this.asSource(() => welcomed(this.source, welcome));
    if (!this.sourceDied) this.#reported.numbersFrom(this.source.job.path.next);
    const heard = this.target.hearSuperseded(this.source.epoch - 1);
    if (heard !== null) this.source.failures.push(heard);
  }

  /** Another server had the set for a while and gave it back; whoever spoke before may go on speaking all the same. */
  takeOver(): void {
    this.cut();
    this.source.epoch += 1;
  }

  /** Delivers the oldest message of one direction; false: there was none. */
  deliver(direction: 'target' | 'source'): boolean {
    const link = this.#link;
    if (link === null) return false;
    if (direction === 'target') return this.#deliverToTarget(link);
    const message = link.toSource.shift();
    if (message === undefined) return false;
    this.asSource(() => this.#heard(message, link));
    return true;
  }

  #heard(message: ToSource, link: WireLink): void {
    const { job } = this.source;
    if (message.kind === 'acknowledge') {
      const isKept = acknowledged(this.source, message);
      if (this.#options.random.chance(0.1) && isKept) link.toTarget.push({ kind: 'confirm', applied: message.applied });
    } else if (message.kind === 'resend') job.path.scm.resend(message.from);
    else if (message.kind === 'replies') {
      this.#reported.note(message.replies);
      job.replied(message.replies);
    } else if (message.kind === 'condition') job.condition(message.condition);
    else job.path.scm.setPaused(message.paused);
  }

  #deliverToTarget(link: WireLink): boolean {
    const message = link.toTarget.shift();
    if (message === undefined) return false;
    if (!this.target.take(this.#options.tamper?.(message) ?? message)) this.cut();
    return true;
  }

  // ------------------------------------------------------------------------------------------------------ the target

  killTarget(): void {
    this.cut();
    this.target.kill();
  }

  powerCutTarget(below: (n: number) => number): void {
    this.cut();
    this.#powerLost ||= this.target.journal.load().streamId !== null;
    this.target.powerCut(below);
  }

  /** The target's disk at work: the journal's sync comes to its end, or a checkpoint is made. */
  targetDisk(sync: boolean, checkpoint: boolean): void {
    if (sync) this.target.syncReceived();
    if (checkpoint && !this.target.checkpoint()) this.cut();
  }

  /** A person's word to the brake; a job whose replica was taken back is begun anew. `wrong`: the way back led elsewhere. */
  async decide(word: Word): Promise<{ readonly halted: boolean; readonly wrong: string | null }> {
    const { target, source } = this;
    const number = typeof word === 'string' ? target.brake?.to?.number : word.number;
    const moment = target.points.find((point) => point.number === number) ?? null;
    const lost = moment === null ? [] : target.lostSince(moment);
    const outcome = target.decide(word, source.job.path.next);
    if (outcome === 'died') this.cut();
    // It may have died when all but the clearing up was done: then it is halted all the same.
    if (word === 'go-on' || target.noted?.phase !== 'halted') return { halted: false, wrong: null };
    const wrong = moment === null ? null : this.#wrongMoment(moment, lost);
    this.cut();
    target.kill();
    source.end(false);
    source.commanded = true;
    await source.start();
    return { halted: true, wrong };
  }

  #noteMoment(): void {
    this.#images.note(this.target.points.at(-1), () => linesOf((shows) => this.replicaImage(shows)));
  }

  #wrongMoment(moment: UndoPoint, lost: readonly LostOfRoot[]): string | null {
    const now = () => linesOf((shows) => this.replicaImage(shows));
    return saysItIsAt(moment, lost, this.target) ? this.#images.wrong(moment, now(), lost) : null;
  }

  applySome(records: number): void {
    if (this.#options.power === undefined) this.target.syncReceived();
    if (!this.target.applySome(records)) this.cut();
  }

  /** Time passes: what waits to be tried again is tried again. */
  advance(ms: number): void {
    this.clock.nowMs += ms;
  }
}
