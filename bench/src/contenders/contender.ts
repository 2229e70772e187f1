/**
 * contenders: the tools that are measured beside each other, behind one interface. In: an empty stage. Out: a folder that is kept
 * equal to another one, and what can be asked of whoever keeps it so. Promised: a tool that is absent says so and is left out;
 * everything it starts carries the stage's token and ends with the stage.
 */
import type { Bootstrap } from '@understudy/e2e';

export interface Contender {
  readonly name: string;
  /** How it carries the bytes, for the head of the table. */
  readonly carries: string;
  /** Its version, or why it cannot be measured here. */
  available(): { readonly version: string } | { readonly missing: string };
  /** Prepares source and replica; nothing is copied before `begin`. */
  open(stage: Bootstrap): Promise<Session>;
}

export interface Session {
  readonly source: string;
  /** Where the copy of `source` comes to lie. */
  readonly replica: string;
  /** From now on the replica follows; returns as soon as the tool has been told so. */
  begin(): Promise<void>;
  /** Waits until the tool says that nothing is left to do, or is known to watch; at most `limitMs`. */
  ready(limitMs: number): Promise<void>;
  /** Bytes sent to the target so far, as the tool or the kernel counts them; null: nobody counts. */
  sentBytes(): Promise<number | null>;
  /** Operations sent so far; null: the tool knows no such thing. */
  operations(): Promise<number | null>;
  /** Whatever notices changes stands still, and goes on again. */
  suspend(): void;
  resume(): void;
  /** The replica stands still while it is copied, where the tool is able to hold one moment. */
  holdTarget(): Promise<void>;
  releaseTarget(): void;
  /** What the tool says of its state, in its own words. */
  says(): Promise<string>;
}
