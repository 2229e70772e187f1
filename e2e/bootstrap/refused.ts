import { expect } from 'vitest';
import { described, type Outcome } from './command.ts';

/**
 * A refusal as an administrator wants it: one of these exit codes, a sentence on stderr that says all of these things, nothing that
 * reads like a crash.
 */
export function refused(
  result: Outcome,
  codes: number | readonly number[],
  ...says: readonly (string | RegExp)[]
): void {
  const what = described(result);
  expect(typeof codes === 'number' ? [codes] : codes, what).toContain(result.code);
  expect(result.stderr.trim().length, what).toBeGreaterThan(20);
  expect(result.stderr, what).not.toMatch(
    /\n\s+at |should not happen|undefined|\[object|NaN|ENOENT: |UnhandledPromise|ZodError/,
  );
  for (const one of says) expect(result.stderr, what).toMatch(one instanceof RegExp ? one : new RegExp(escaped(one)));
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
