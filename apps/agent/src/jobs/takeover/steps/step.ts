/**
 * steps: what a failover does to this server, one file a step. In: the job, what was chosen. Out: a sentence of what it came to, or a
 * StepError that says what is wrong and what would help. Promise: each may be done again after a crash in its middle, and then comes to
 * the same; what takes a step back does so also where it was done in part.
 */
import type { TakeoverStep } from '@understudy/wire';
import type { ReplicaJob } from '../replica-job.ts';
import type { CommandEnd, CommandOptions } from '../run-command.ts';
import type { TakeoverRecord } from '../takeover-store.ts';

export class StepError extends Error {
  override readonly name = 'StepError';
  readonly code: string;
  readonly advice: string;
  constructor(code: string, sentence: string, advice = '') {
    super(sentence);
    this.code = code;
    this.advice = advice;
  }
}

export interface StepContext {
  readonly job: ReplicaJob;
  readonly record: TakeoverRecord;
  /** A process that did not come to its end had begun it. */
  readonly again: boolean;
  readonly signal: AbortSignal;
  /** With the environment of the job's scripts. */
  readonly run: (command: readonly string[], options: Omit<CommandOptions, 'output' | 'signal'>) => Promise<CommandEnd>;
  /** Of what is done on the way. */
  readonly tell: (code: string, severity: 'information' | 'warning' | 'error', sentence: string) => void;
}

export interface StepCode {
  /** The answer: what it came to. Throws StepError. */
  readonly do: (context: StepContext) => Promise<string>;
  /** Absent: nothing is to be taken back. */
  readonly undo?: (context: StepContext) => Promise<string>;
}

export type StepCodes = Readonly<Record<TakeoverStep, StepCode>>;
