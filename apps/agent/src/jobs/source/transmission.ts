/**
 * How a running job sends: compression, rate and limits as its definition says, and as an edit changes them.
 * In: options, facts of the job. Out: settings of the sender, and whether the job may send now. Looks twice a second, so that a window
 * that opens or ends, and a rate that another hour brings, hold within a second; what ends after so many bytes is asked before each packet.
 */
import { type Reason, rateAt, TransmissionGate, type TransmissionLimits, type WeeklyWindow } from '@understudy/engine';
import { DAYS, type JobDefinition, NO_LIMITS, type TimeWindow, type TransmitLimits } from '@understudy/wire';
import { compressorFor } from '../../ports/compression/index.ts';
import { localTime } from '../../ports/local-time.ts';
import type { Sender } from '../../ports/replication-link/sender.ts';

export type TransmissionOptions = Pick<JobDefinition, 'compression' | 'bandwidth' | 'bandwidthWindows' | 'transmit'>;

export interface TransmissionParts {
  readonly sender: Sender;
  readonly facts: () => { readonly waitingBytes: number; readonly due: boolean; readonly idle: boolean };
  /** Null: the job may send. */
  readonly hold: (reason: Reason | null) => void;
  readonly wallMs?: () => number;
  readonly nowMs?: () => number;
}

const LOOK_MS = 500;

const weekly = <W extends TimeWindow>(window: W) => ({ ...window, days: window.days.map((day) => DAYS.indexOf(day)) });

export class Transmission {
  readonly #parts: TransmissionParts;
  readonly #gate = new TransmissionGate();
  readonly #wallMs: () => number;
  readonly #nowMs: () => number;
  readonly #timer: NodeJS.Timeout;
  #options: TransmissionOptions;
  #peerCodecs: readonly string[] | undefined;
  #heldBy: string | null = null;
  #limits = '';

  constructor(options: TransmissionOptions, parts: TransmissionParts) {
    this.#parts = parts;
    this.#wallMs = parts.wallMs ?? (() => Date.now());
    this.#nowMs = parts.nowMs ?? (() => performance.now());
    this.#options = options;
    this.set(options);
    this.#timer = setInterval(() => this.look(), LOOK_MS).unref();
  }

  get status(): { readonly compression: TransmissionOptions['compression']; readonly limit: number | null } {
    return { compression: this.#options.compression, limit: this.#parts.sender.rate };
  }

  /** Holds at once. */
  set(options: TransmissionOptions): void {
    this.#options = options;
    // What an edit leaves alone goes on as it is.
    const limits = limitsOf(options.transmit);
    const said = JSON.stringify(limits);
    if (said !== this.#limits) this.#gate.setLimits(limits);
    this.#limits = said;
    this.#chooseCompressor();
    this.look();
  }

  /** What the target can expand. */
  linked(codecs: readonly string[] | undefined): void {
    this.#peerCodecs = codecs;
    this.#chooseCompressor();
    // The target has said how much it lacks.
    this.look();
  }

  /** Asked before each packet: it may be handed to the sender. What is held there and may yet shrink counts as it was handed over. */
  admits(): boolean {
    const { sender } = this.#parts;
    if (!this.#gate.isBounded || !this.#gate.isSpent(sender.committedBytes)) return true;
    this.look();
    return !this.#gate.isSpent(sender.committedBytes);
  }

  look(): void {
    const { sender, facts, hold } = this.#parts;
    const local = localTime(this.#wallMs());
    const { bandwidth, bandwidthWindows } = this.#options;
    sender.setRate(rateAt(bandwidth, (bandwidthWindows ?? []).map(weekly), local));
    const sentBytes = sender.traffic.wireBytes;
    const shut = this.#gate.decide({ nowMs: this.#nowMs(), local, sentBytes, ...facts() });
    const word = shut?.sentence ?? null;
    if (word === this.#heldBy) return;
    this.#heldBy = word;
    hold(shut);
  }

  close(): void {
    clearInterval(this.#timer);
    this.#parts.sender.reset();
  }

  #chooseCompressor(): void {
    this.#parts.sender.setCompressor(compressorFor(this.#options.compression, this.#peerCodecs));
  }
}

function limitsOf(transmit: TransmitLimits = NO_LIMITS): TransmissionLimits {
  const { windows, everyMinutes, startAtBytes, stopAfterBytes } = transmit;
  const weeks: WeeklyWindow[] = windows.map(weekly);
  return {
    windows: weeks,
    everyMs: everyMinutes === null ? null : everyMinutes * 60_000,
    startAtBytes,
    stopAfterBytes,
  };
}
