import { run } from '@understudy/e2e';
import { nativeProgram } from './native.ts';

/** Runs the probe to its end; exit 1 (not within the limit) is an answer, anything else throws. */
export async function probe(...args: readonly (string | number)[]): Promise<string> {
  const result = await run(nativeProgram('probe'), args.map(String), { env: process.env, timeoutMs: 900_000 });
  if (result.code > 1 || result.code < 0) throw new Error(`probe ${args[0]} failed: ${result.stderr.trim()}`);
  return result.stdout;
}

export async function probed<T>(...args: readonly (string | number)[]): Promise<T> {
  return JSON.parse(await probe(...args)) as T;
}
