/** Services, started in order and asked until they serve, with the time that took. In: services, a way to run commands. Out: times. */
import type { Service, TestFailover } from '@understudy/wire';
import type { CommandEnd, CommandOptions } from '../run-command.ts';
import { startService } from '../steps/services.ts';

export type RunInside = (command: readonly string[], limit: Pick<CommandOptions, 'timeoutMs'>) => Promise<CommandEnd>;

/** Rejects with what the service said. */
export async function tryServices(
  services: readonly Service[],
  signal: AbortSignal,
  run: RunInside,
): Promise<Pick<TestFailover, 'services'> & { readonly recoveryMs: number }> {
  const began = performance.now();
  const served: TestFailover['services'] = [];
  for (const { unit: _, ...commands } of services) {
    const before = performance.now();
    await startService(commands, { run, signal, again: false });
    served.push({ name: commands.name, ms: Math.round(performance.now() - before) });
  }
  return { services: served, recoveryMs: Math.round(performance.now() - began) };
}
