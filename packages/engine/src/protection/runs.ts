/**
 * Mirror, repair and verification: which one runs, which one is due, and what their end means for the job.
 * In: wishes, dirty items, turns, replies, links. Out: records through the mirror's world, and whether the replica has been complete.
 * Promise: one mirror at a time; a repair that is lost gives back what it had taken; a mirror that is lost, paused or cut off by a
 * restart goes on with what it had not finished (MIR3); where that cannot be known everything is compared.
 */
import { brand, type RawName } from '@understudy/base';
import type { Reply, Welcome } from '@understudy/wire';
import type { DirtyMap } from '../data-path/source/queue/dirty-map.ts';
import type { RestoredScopes } from '../data-path/source/queue/scope-notes.ts';
import type { JobFacts } from './job-state.ts';
import { AttributeTrust } from './mirror/attribute-trust.ts';
import { endOfMirror } from './mirror/end-of-mirror.ts';
import type { MirrorMemory, MirrorNote } from './mirror/memory.ts';
import { Mirror } from './mirror/mirror.ts';
import { type Compare, DEFAULT_OPTIONS, type MirrorOptions, type MirrorPlan } from './mirror/plan.ts';
import { type MirrorProgress, noProgress, ProgressRate } from './mirror/progress.ts';
import type { MirrorWorld, Urgency } from './mirror/world.ts';
import type { Refusals } from './refusals.ts';
import type { JobEvent } from './source-job.ts';
import { differencesOf, type KnownDifferences } from './verify/known-differences.ts';
import { Verification } from './verify/verification.ts';

const NO_NAME = brand<RawName>('');

export interface RunParts {
  readonly world: MirrorWorld;
  readonly dirty: DirtyMap;
  readonly refusals: Refusals;
  readonly memory: MirrorMemory;
  readonly options?: MirrorOptions;
  /** The target knows the job from an earlier process. */
  readonly goesOn?: boolean;
  event(event: JobEvent): void;
  /** The replica is complete, or is not any more. */
  completed(complete: boolean): void;
}

interface Wanted {
  readonly plan: MirrorPlan;
  /** It was asked for by somebody. */
  readonly commanded: boolean;
  readonly goesOn: MirrorNote | null;
}

export interface VerifyWish {
  /** What is found to differ becomes dirty, and is repaired. */
  readonly repair: boolean;
  readonly onDone: (verification: Verification) => void;
}

export class Runs {
  readonly #parts: RunParts;
  readonly #rate = new ProgressRate();
  readonly #trust: AttributeTrust;
  #options: MirrorOptions;
  #mirror: Mirror | null = null;
  #verification: Verification | null = null;
  #wish: VerifyWish | null = null;
  /** Found by a verification that only reports; a repair, a mirror that compares content, or a later verification ends it. */
  differences: KnownDifferences | null = null;
  #complete = false;
  #wanted: Wanted | null = null;
  #paused = false;
  #stopped = false;
  #progress = noProgress();

  constructor(parts: RunParts) {
    this.#parts = parts;
    this.#trust = new AttributeTrust(parts.goesOn === true);
    this.#options = parts.options ?? DEFAULT_OPTIONS;
    this.#paused = parts.memory.load()?.paused ?? false;
  }

  get mirror(): Mirror | null {
    return this.#mirror;
  }

  get verification(): Verification | null {
    return this.#verification;
  }

  get progress(): MirrorProgress {
    return this.#mirror?.progress ?? this.#progress;
  }

  get rate(): ProgressRate {
    return this.#rate;
  }

  /** A mirror of everything has ended since the replica was last known to be incomplete. */
  get complete(): boolean {
    return this.#complete;
  }

  set complete(complete: boolean) {
    if (this.#complete === complete) return;
    this.#complete = complete;
    this.#parts.completed(complete);
  }

  get urgencies(): readonly (Urgency | undefined)[] {
    return [this.#paused ? undefined : this.#mirror?.urgency, this.#verification?.urgency];
  }

  /** What the state of the job makes of it. */
  get fact(): JobFacts['mirror'] {
    if (this.#mirror === null) return 'none';
    if (this.#paused) return 'paused';
    if (this.#mirror.repairing) return 'repairing';
    return this.#mirror.calculating ? 'scanning' : 'running';
  }

  /** By hand; replication goes on. */
  get mirrorPaused(): boolean {
    return this.#paused;
  }

  /** By hand, and nothing has begun since: the replica is not complete and nothing makes it so. */
  get mirrorStopped(): boolean {
    return this.#stopped && this.#mirror === null && this.#wanted === null;
  }

  /**
   * After a restart of the process, before anything is intercepted: what a mirror had finished is known again, so that operations on it
   * pass. False: there is nothing that could go on.
   */
  takeUp(notes: RestoredScopes | null): boolean {
    const note = this.#parts.memory.load();
    const { roots } = this.#parts.world;
    if (note === null || roots.size === 0) return false;
    for (const { index, files, scope } of roots.values()) {
      if (note.finished.get(index)?.has(files.rootNode) !== true) return false;
      if (!scope.whole && notes?.roots.get(index)?.nodes.has(files.rootNode) !== true) return false;
    }
    for (const { index, scope } of roots.values()) {
      const finished = note.finished.get(index) ?? new Set();
      if (scope.whole) {
        for (const node of finished) scope.add(node, scope.rootNode, NO_NAME, false);
        continue;
      }
      // Of what has no place among them nobody knows whether operations on it passed: it is said again.
      scope.restore([...(notes?.roots.get(index)?.nodes ?? [])].filter(([node]) => finished.has(node)));
      scope.forgetUnplaced();
    }
    return true;
  }

  get options(): MirrorOptions {
    return this.#options;
  }

  /** A mirror, a repair or a verification would begin or go on if the job might send; how much there is to send is not known before. */
  get due(): boolean {
    if (this.#verification !== null) return true;
    if (this.#paused || this.mirrorStopped) return false;
    return this.#mirror !== null || this.#wanted !== null || !this.#complete || this.#parts.dirty.size > 0;
  }

  /** For mirrors that begin from now on. */
  setOptions(options: MirrorOptions): void {
    this.#options = options;
  }

  /** Somebody asks for a mirror. */
  command(compare: Compare, options: Partial<MirrorOptions> = {}): void {
    this.#stopped = false;
    this.#paused = false;
    this.#wanted = { plan: { ...this.#options, ...options, compare }, commanded: true, goesOn: null };
  }

  /** A mirror is due by itself, unless one is due already. */
  want(compare: Compare): void {
    if (this.#stopped) return;
    this.#wanted ??= { plan: { ...this.#options, compare }, commanded: false, goesOn: null };
  }

  pauseMirror(paused: boolean): void {
    this.#paused = paused;
    this.#parts.memory.setPaused(paused);
  }

  /** The mirror of everything under way, or due, is given up; what it has brought stays. False: there is none. */
  stopMirror(): boolean {
    if (this.#mirror?.repairing === true || (this.#mirror === null && this.#wanted === null)) return false;
    if (this.#mirror !== null) this.#trust.gaveUp(this.#mirror.compare);
    this.#mirror?.markLost();
    this.#mirror = null;
    this.#wanted = null;
    this.#paused = false;
    this.#stopped = true;
    this.complete = false;
    this.#parts.memory.end();
    return true;
  }

  /** Null: one is running already, or the job is not in a state for it. */
  verify(wish: VerifyWish): Verification | null {
    if (this.#verification !== null || this.#mirror !== null || !this.#complete) return null;
    this.#verification = new Verification(this.#parts.world);
    this.#wish = wish;
    return this.#verification;
  }

  /** Before anything that the welcome acknowledges is counted: marks that it settles may have lost their answers. */
  linkUp(welcome: Welcome): void {
    this.endVerification();
    const mirror = this.#mirror;
    const { resumes, replaces } = welcome;
    this.#trust.greeted({ resumes, replaces, incomplete: !this.#complete && mirror === null });
    if (!welcome.resumes || (welcome.failures === true && (mirror !== null || !this.#complete))) {
      // Another stream, or something was given up of which nobody may have heard: what was finished counts no more.
      this.#parts.memory.end();
      this.#lost();
      if (this.#wanted !== null) this.#wanted = { ...this.#wanted, goesOn: null };
      this.complete = false;
    } else if (mirror !== null) mirror.linkLost();
    else if (!welcome.complete) this.complete = false;
    if (this.#mirror !== null) return;
    const note = this.#parts.memory.load();
    // One that a person had ordered was under way when the process died: the target may not have come to its beginning yet.
    if (note !== null) this.#wanted ??= { plan: note.plan, commanded: false, goesOn: note };
    else if (!this.#complete) this.want('checksum');
  }

  startDue(): void {
    if (this.#mirror !== null) return;
    const { world, dirty, refusals, memory } = this.#parts;
    const wanted = this.#wanted;
    if (wanted !== null || dirty.size > 0) refusals.runBegins();
    if (wanted !== null) {
      this.#wanted = null;
      this.endVerification();
      if (refusals.unrepairable.size > 0 || this.differences !== null) this.#trust.leftOut();
      if (wanted.commanded) refusals.clear();
      else refusals.retry();
      const { goesOn } = wanted;
      if (goesOn !== null && this.#knowsRoots()) {
        // What became dirty behind the back of what was finished is repaired behind this mirror.
        this.#mirror = new Mirror({ world, memory, plan: wanted.plan, goesOn });
        return;
      }
      // Nobody asked for it: what the target has is compared, whatever the mirror was that was lost.
      const compare = wanted.commanded ? this.#trust.compare(wanted.plan.compare) : 'checksum';
      const plan: MirrorPlan = { ...wanted.plan, compare };
      // Attributes tell nothing of content that is known to differ: that is repaired behind this mirror.
      const covers = plan.compare === 'attributes' ? [] : dirty.take();
      this.#mirror = new Mirror({ world, memory, plan, covers });
    } else if (this.#complete && dirty.size > 0) {
      this.endVerification();
      const plan = { ...this.#options, compare: 'checksum' } as const;
      const taken = { bytes: dirty.bytes, reasons: dirty.reasons() };
      this.#mirror = new Mirror({ world, memory, plan, taken, items: dirty.take() });
    }
  }

  step(bytes: number): void {
    const mirror = this.#mirror;
    if (mirror !== null && !this.#paused) mirror.step(bytes);
    if (mirror !== null) this.#rate.observe(mirror.progress, this.#parts.world.wallMs());
    this.#verification?.step();
  }

  replied(reply: Reply): void {
    this.#mirror?.onReply(reply);
    if (reply.kind !== 'failed') this.#verification?.onReply(reply);
  }

  finish(): void {
    const mirror = this.#mirror;
    if (mirror?.done) {
      this.#progress = mirror.progress;
      if (!mirror.repairing) this.#trust.ended(mirror.compare);
      else this.#arrived();
      if (!mirror.repairing && mirror.compare !== 'attributes') this.differences = null;
      this.#mirror = null;
      this.#paused = false;
      this.complete = true;
      this.#parts.event(endOfMirror(mirror));
    } else if (mirror?.lost) this.#lost();
    const verification = this.#verification;
    if (verification !== null && (verification.done || verification.lost)) this.endVerification();
  }

  /** What a mirror had said is no longer sure to arrive: what it had not finished is done again. */
  lose(): void {
    this.#lost();
    this.endVerification();
  }

  /** Nothing that a mirror or repair has finished counts any more; a repair gives back what it had taken. */
  beginAnew(): void {
    this.#parts.memory.end();
    this.lose();
    if (this.#wanted !== null) this.#wanted = { ...this.#wanted, goesOn: null };
  }

  endVerification(): void {
    const verification = this.#verification;
    const wish = this.#wish;
    if (verification === null) return;
    if (!verification.done) verification.markLost();
    this.#verification = null;
    this.#wish = null;
    if (verification.done) this.#found(verification, wish?.repair === true);
    wish?.onDone(verification);
  }

  /** What was refused meanwhile is dirty by now. */
  #arrived(): void {
    const { world, dirty } = this.#parts;
    const items = dirty.items();
    for (const { index, scope } of world.roots.values())
      scope.arrived(new Set(items.flatMap((item) => ('node' in item && item.root === index ? [item.node] : []))));
  }

  #found(verification: Verification, repair: boolean): void {
    const { world, dirty } = this.#parts;
    this.differences = repair ? null : differencesOf(verification, world, this.#options.orphans === 'report');
    if (repair) for (const item of verification.findings.items()) dirty.addItem(item, 'verification');
  }

  #lost(): void {
    const mirror = this.#mirror;
    if (mirror === null) return;
    mirror.markLost();
    this.#mirror = null;
    if (mirror.repairing) {
      for (const item of mirror.items) this.#parts.dirty.addItem(item, 'repair-lost');
      this.#parts.dirty.alsoBecause(mirror.taken.reasons);
      return;
    }
    this.#trust.gaveUp(mirror.compare);
    this.complete = false;
    this.#wanted ??= { plan: mirror.plan, commanded: false, goesOn: this.#parts.memory.load() };
  }

  /** Without them nothing is known of what is beneath, and everything that was finished may have changed unseen. */
  #knowsRoots(): boolean {
    for (const { scope, files } of this.#parts.world.roots.values()) if (!scope.knows(files.rootNode)) return false;
    return true;
  }
}
