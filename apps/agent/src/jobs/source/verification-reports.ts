/**
 * What verifications found, kept to be read later: one file each in the agent's home. In: a report at the end of each verification.
 * Out: the newest of them. Promise: bounded; a file that cannot be read is left out and stays where it is.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { type VerificationReport, verificationReportSchema } from '@understudy/wire';
import { readJson, writeJson } from '../../home/atomic-json.ts';

/** Reports of one job. */
const MOST = 20;
/** Differences that one report lists; its count has them all. */
const MOST_LISTED = 1000;
const FILE = /^(\d{1,15})\.json$/;

export class VerificationReports {
  readonly #folder: string;
  readonly #fault: (error: unknown) => void;

  constructor(folder: string, fault: (error: unknown) => void) {
    this.#folder = folder;
    this.#fault = fault;
  }

  /** The newest first. */
  list(limit: number): VerificationReport[] {
    return this.#numbers()
      .reverse()
      .slice(0, limit)
      .map((number) => this.#read(number))
      .filter((report) => report !== null);
  }

  find(number: number): VerificationReport | null {
    return this.#numbers().includes(number) ? this.#read(number) : null;
  }

  /** Returns its number; null: it could not be kept, and the log says why. */
  add(report: Omit<VerificationReport, 'number'>): number | null {
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const numbers = this.#numbers();
      const number = (numbers.at(-1) ?? 0) + 1;
      writeJson(this.#path(number), { number, ...bounded(report) });
      for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - MOST)))
        rmSync(this.#path(old), { force: true });
      return number;
    } catch (error) {
      this.#fault(error);
      return null;
    }
  }

  #numbers(): number[] {
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch {
      // There has been none yet.
      return [];
    }
    return names
      .map((name) => Number(FILE.exec(name)?.[1] ?? 0))
      .filter((number) => number > 0)
      .sort((a, b) => a - b);
  }

  #read(number: number): VerificationReport | null {
    try {
      return readJson(this.#path(number), verificationReportSchema);
    } catch (error) {
      this.#fault(error);
      return null;
    }
  }

  #path(number: number): string {
    return join(this.#folder, `${number}.json`);
  }
}

function bounded(report: Omit<VerificationReport, 'number'>): Omit<VerificationReport, 'number'> {
  const { result } = report;
  if (result === null || result.differences.length <= MOST_LISTED) return report;
  return { ...report, result: { ...result, differences: result.differences.slice(0, MOST_LISTED), truncated: true } };
}
