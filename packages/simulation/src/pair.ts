/**
 * Two agents' engines in one process: the real SourceJob, TCM and TRM, on file systems in memory, over a wire that breaks.
 * In: a seed's randomness and a world. Out: a run that can be cranked step by step. Promise: nothing but the seed decides.
 */
import { rawFromText } from '@understudy/base';
import type { SourceFiles } from '@understudy/engine';
import { MemoryFileSystem } from '@understudy/interceptor/memory';
import type { Reply } from '@understudy/wire';
import { BadDisk, type DiskKind } from './bad-disk.ts';
import { ContentHashes, imageDifferences, replicaImage, sourceImage } from './image.ts';
import type { SeededRandom } from './random.ts';
import { type ScopeKind, scopeOfKind } from './scopes.ts';
import { SourceAgent } from './source-agent.ts';
import { TargetAgent } from './target-agent.ts';
import { type ToTarget, WireLink } from './wire-link.ts';

/** Times of the replica's own clock lie beyond it. */
const TARGET_TIMES = 3_999_999_999;

export interface PairOptions {
  readonly random: SeededRandom;
  readonly memoryBytes: number;
  readonly ringBytes: number;
  readonly scopes: readonly ScopeKind[];
  readonly disk: DiskKind;
  readonly wrapFiles?: (files: SourceFiles) => SourceFiles;
  /** A mutation for the checkers: what arrives is not what was sent. */
  readonly tamper?: (message: ToTarget) => ToTarget;
}

export class Pair {
  readonly fs: MemoryFileSystem;
  readonly contents = new ContentHashes();
  readonly source: SourceAgent;
  readonly target: TargetAgent;
  readonly #options: PairOptions;
  readonly #paths: readonly string[];
  #nowMs = 1_700_000_000_000;
  #link: WireLink | null = null;
  readonly #orphans = new Set<string>();

  constructor(options: PairOptions) {
    this.#options = options;
    const tick = () => this.#tick();
    this.fs = new MemoryFileSystem({ wallMs: tick });
    this.#paths = options.scopes.map((_, index) => (index === 0 ? '/data' : `/more${index}`));
    for (const path of this.#paths) this.fs.mkdir(this.fs.root, rawFromText(path.slice(1)));
    const { random, memoryBytes, ringBytes } = options;
    this.source = new SourceAgent({
      random,
      memoryBytes,
      ringBytes,
      fs: this.fs,
      tick,
      nowMs: () => this.#nowMs,
      roots: this.#paths.map((path, i) => ({ path, scope: scopeOfKind(options.scopes[i] ?? 'whole', path) })),
      ...(options.wrapFiles === undefined ? {} : { wrapFiles: options.wrapFiles }),
    });
    const disk = new BadDisk(options.disk, random);
    this.target = new TargetAgent({ roots: options.scopes.length, disk, nowMs: tick });
  }

  get tops() {
    return this.#paths.map((path) => this.fs.resolve(rawFromText(path)) ?? this.fs.root);
  }

  /** Hard links across roots would be one file to the source and two to the target: a protected root has none, from the beginning. */
  keepApart(on: boolean): void {
    for (const top of this.tops) this.fs.setBoundary(top, on);
  }

  get linked(): boolean {
    return this.#link !== null;
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
      const path = this.#paths[i] ?? '';
      const scope = scopeOfKind(this.#options.scopes[i] ?? 'whole', path);
      return sourceImage(files, { scope, path }, this.contents).map((line) => path + line);
    });
  }

  /**
   * Without what an agent killed between making a file and noting whose it is has left, and a later mirror reported as an orphan:
   * such a file bears a time of the target's own.
   */
  replicaImage(): string[] {
    return this.target.replicas.flatMap((replica, i) => {
      const isOrphan = (path: string, mtimeSec: number) => mtimeSec > TARGET_TIMES && this.#orphans.has(`${i}${path}`);
      const lines = replicaImage(replica, this.#options.scopes[i] === 'whole', isOrphan);
      return lines.map((line) => (this.#paths[i] ?? '') + line);
    });
  }

  get orphans(): number {
    return this.#orphans.size;
  }

  differences(): string[] {
    return imageDifferences(this.sourceImage(), this.replicaImage());
  }

  // ------------------------------------------------------------------------------------------------------- the source

  async killSource(): Promise<void> {
    this.cut();
    await this.source.kill();
  }

  pumpSource(): void {
    this.source.turn((packet) => {
      const link = this.#link;
      if (link !== null) link.toTarget.push({ kind: 'operations', packet });
    });
  }

  // -------------------------------------------------------------------------------------------------------- the wire

  cut(): void {
    if (this.#link === null) return;
    this.#link = null;
    this.target.link = null;
    this.source.job.linkDown();
  }

  connect(): void {
    if (this.#link !== null) return;
    const link = new WireLink();
    const welcome = this.target.attach(this.source.hello(), link);
    if (welcome === null) return;
    this.#link = link;
    this.source.job.linkUp(welcome);
  }

  /** Delivers the oldest message of one direction; false: there was none. */
  deliver(direction: 'target' | 'source'): boolean {
    const link = this.#link;
    if (link === null) return false;
    if (direction === 'target') return this.#deliverToTarget(link);
    const message = link.toSource.shift();
    if (message === undefined) return false;
    const { job } = this.source;
    if (message.kind === 'acknowledge') {
      job.acknowledged(message.received, message.applied);
      if (this.#options.random.chance(0.1)) link.toTarget.push({ kind: 'confirm', applied: message.applied });
    } else if (message.kind === 'resend') job.path.scm.resend(message.from);
    else if (message.kind === 'replies') {
      this.#noteOrphans(message.replies);
      job.replied(message.replies);
    } else if (message.kind === 'condition') job.condition(message.condition);
    else job.path.scm.setPaused(message.paused);
    return true;
  }

  #noteOrphans(replies: readonly Reply[]): void {
    for (const reply of replies)
      if (reply.kind === 'orphan') this.#orphans.add(`${reply.root}/${Buffer.from(reply.path, 'base64').toString()}`);
  }

  #deliverToTarget(link: WireLink): boolean {
    const message = link.toTarget.shift();
    if (message === undefined) return false;
    this.target.take(this.#options.tamper?.(message) ?? message);
    return true;
  }

  // ------------------------------------------------------------------------------------------------------ the target

  killTarget(): void {
    this.cut();
    this.target.kill();
  }

  applySome(records: number): void {
    if (!this.target.applySome(records)) this.cut();
  }

  /** Time passes: what waits to be tried again is tried again. */
  advance(ms: number): void {
    this.#nowMs += ms;
  }

  #tick(): number {
    this.#nowMs += 1;
    return this.#nowMs;
  }
}
