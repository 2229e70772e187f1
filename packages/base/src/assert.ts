/** A bug, never a condition of the world: conditions of the world are typed results. */
export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}

/** The value, or a bug report: for what the surrounding code has already made certain. */
export function must<T>(value: T | null | undefined, message: string): T {
  if (value === null || value === undefined) throw new AssertionError(message);
  return value;
}

export function assertNever(value: never, message = 'a case was forgotten'): never {
  throw new AssertionError(`${message}: ${JSON.stringify(value)}`);
}
