/**
 * One protected directory of the watch driver: when to scan, and what a scan says, put into the ring.
 * In: notices, demands, time. Out: records. Promised: one scan at a time; a demand made during a scan is answered by one that begins
 * afterwards; a scan that fails becomes a gap over the whole directory and is tried again; one that has lost its directory deletes nothing.
 */
import type { ProtectedRoot } from '@understudy/engine';
import { type NodeId, type OperationRecord, record } from '@understudy/wire';
import type { ScanStep, TreeScanner } from './tree-scanner.ts';

export interface WatchedRootPorts {
  readonly scanner: TreeScanner;
  /** Puts a record into the ring; waits while it is full. */
  readonly put: (entry: OperationRecord) => Promise<void>;
  readonly wallMs: () => number;
  /** Lets the event loop turn. */
  readonly breathe: () => Promise<void>;
  /** The directory that was protected is still the one at its path: a missing one must never look like an emptied one. */
  readonly stillThere: () => boolean;
  /** Everything must be looked at again, by a `demand` in a while. */
  readonly onFailure: (error: unknown) => void;
  /** A full scan that began as number `begun` is complete. */
  readonly onComplete: () => void;
}

/** More hints than this are dearer than looking everywhere. */
const MAX_HINTS = 1000;
/** A directory that changes while it is scanned may need another look; after these the next demand or period comes. */
const MAX_ROUNDS = 3;
const BREATH_MS = 10;

export class RootGone extends Error {
  override readonly name = 'RootGone';
}

export class WatchedRoot {
  readonly root: ProtectedRoot;
  /** Its owner has told of a failure that still lasts. */
  failing = false;
  /** How long the last scan took: busy directories that are large are not looked at without a pause. */
  lastScanMs = 0;
  readonly #ports: WatchedRootPorts;
  #hints: Set<NodeId> | 'all' = new Set();
  #running: Promise<void> | null = null;
  #released = false;
  /** Full scans begun and completed; a demand is met when `completed` reaches the number it was given. */
  #begun = 0;
  #completed = 0;

  constructor(root: ProtectedRoot, ports: WatchedRootPorts) {
    this.root = root;
    this.#ports = ports;
  }

  get completed(): number {
    return this.#completed;
  }

  /** Asks for a full scan that begins after this call; returns its number. */
  demand(): number {
    this.#hints = 'all';
    this.#run();
    return this.#begun + 1;
  }

  hint(node: NodeId | null): void {
    if (node === null || (this.#hints !== 'all' && this.#hints.size >= MAX_HINTS)) this.#hints = 'all';
    else if (this.#hints !== 'all') this.#hints.add(node);
  }

  /** Looks into what was hinted at, soon. */
  look(): void {
    if (this.#hints === 'all' || this.#hints.size > 0) this.#run();
  }

  async release(): Promise<void> {
    this.#released = true;
    await this.#running;
  }

  #run(): void {
    if (this.#running !== null || this.#released) return;
    this.#running = this.#work().finally(() => {
      this.#running = null;
    });
  }

  async #work(): Promise<void> {
    // The demand that started this is made within a call of the application's; let that finish first.
    await this.#ports.breathe();
    while (!this.#released && (this.#hints === 'all' || this.#hints.size > 0)) {
      const hints = this.#hints;
      this.#hints = new Set();
      const started = performance.now();
      try {
        if (hints === 'all') await this.#fullScan();
        else if (this.#mustBeThere() && (await this.#play(this.#ports.scanner.scan([...hints])))) this.#hints = 'all';
      } catch (error) {
        this.#ports.onFailure(error);
        return;
      }
      this.lastScanMs = performance.now() - started;
    }
  }

  async #fullScan(): Promise<void> {
    this.#begun += 1;
    this.#mustBeThere();
    let again = true;
    for (let round = 0; again && round < MAX_ROUNDS; round += 1)
      again = await this.#play(this.#ports.scanner.scan(null));
    this.#mustBeThere();
    if (this.#released) return;
    this.#completed = this.#begun;
    this.#ports.onComplete();
  }

  #mustBeThere(): true {
    if (!this.#ports.stillThere()) throw new RootGone();
    return true;
  }

  async #play(steps: Generator<ScanStep, boolean>): Promise<boolean> {
    let breath = performance.now();
    for (let step = steps.next(); ; step = steps.next()) {
      if (this.#released) {
        steps.return(false);
        return false;
      }
      if (step.done === true) return step.value;
      if (step.value !== null) {
        const timeMs = this.#ports.wallMs();
        await this.#ports.put(record({ ...step.value, root: this.root.id, timeMs }));
      }
      if (performance.now() - breath < BREATH_MS) continue;
      await this.#ports.breathe();
      breath = performance.now();
    }
  }
}
