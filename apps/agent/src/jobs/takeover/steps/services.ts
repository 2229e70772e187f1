/** The job's services, started in order, each until it serves; stopped in the reverse order. */
import type { Service } from '@understudy/wire';
import { type CommandEnd, howItEnded } from '../run-command.ts';
import { toolAt, unitOf } from '../tools.ts';
import { type StepCode, type StepContext, StepError } from './step.ts';

const AGAIN_MS = 250;
/** One try of a check: a check that hangs is tried again. */
const CHECK_MS = 5_000;

export const servicesStep: StepCode = {
  do: async (context) => {
    const said: string[] = [];
    for (const service of context.job.failover.services) said.push(await startService(service, context));
    return said.join('; ');
  },
};

export async function stopServices(context: StepContext): Promise<string> {
  const said: string[] = [];
  for (const service of [...context.job.failover.services].reverse()) said.push(await stopService(service, context));
  return said.join('; ');
}

/** Null: nothing says whether it serves. */
export function checkOf(service: Service): readonly string[] | null {
  const unit = unitOf(service);
  if (service.check !== undefined) return service.check;
  return unit === null ? null : [toolAt('systemctl'), 'is-active', '--quiet', unit];
}

/** Until it serves. Throws StepError. */
export async function startService(
  service: Service,
  context: Pick<StepContext, 'run' | 'signal' | 'again'>,
): Promise<string> {
  const { name, timeoutMs } = service;
  const unit = unitOf(service);
  const until = performance.now() + timeoutMs;
  const check = checkOf(service);
  // Begun by a process that was killed, it may be up: nothing is started twice.
  if (context.again && check !== null && (await tryCheck(check, context, until)).code === 0) return `${name} serves`;
  const start = unit === null ? (service.start ?? []) : [toolAt('systemctl'), 'start', unit];
  const began = performance.now();
  const wrong = howItEnded(await context.run(start, { timeoutMs }));
  if (wrong !== '') throw failed(name, `could not be started: ${wrong}`);
  if (check === null) return `${name} was started`;
  for (;;) {
    const end = await tryCheck(check, context, until);
    if (end.code === 0) return `${name} serves after ${((performance.now() - began) / 1000).toFixed(1)} s`;
    if (performance.now() + AGAIN_MS >= until || context.signal.aborted)
      throw failed(name, `was started and does not serve: ${howItEnded(end)}`);
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
}

function tryCheck(check: readonly string[], { run }: Pick<StepContext, 'run'>, until: number): Promise<CommandEnd> {
  const timeoutMs = Math.max(100, Math.min(CHECK_MS, until - performance.now()));
  return run(check, { timeoutMs: Math.ceil(timeoutMs) });
}

/** False as well where nothing tells. */
export async function serves(service: Service, context: Pick<StepContext, 'run'>): Promise<boolean> {
  const check = checkOf(service);
  if (check === null) return false;
  return (await tryCheck(check, context, performance.now() + CHECK_MS)).code === 0;
}

/** Throws StepError. */
export async function stopService(service: Service, { run }: Pick<StepContext, 'run'>): Promise<string> {
  const { name, stop, timeoutMs } = service;
  const unit = unitOf(service);
  const command = unit === null ? stop : [toolAt('systemctl'), 'stop', unit];
  if (command === undefined) return `${name} has no command that stops it`;
  const wrong = howItEnded(await run(command, { timeoutMs }));
  if (wrong !== '') throw failed(name, `could not be stopped: ${wrong}`);
  return `${name} was stopped`;
}

function failed(name: string, what: string): StepError {
  return new StepError(
    'service-failed',
    `The service ${name} ${what}.`,
    'Look at its log and mend it; then go on with the failover, or take the step for done with --skip.',
  );
}
