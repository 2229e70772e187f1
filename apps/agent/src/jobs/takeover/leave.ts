/**
 * The way home, on the server that had taken over: its addresses, services and scripts (the steps of the failover, backwards). In: the job,
 * its record. Out: this server serves no more. Promise: before the roles are switched nothing runs here that could write; what fails then
 * keeps them from being switched, and may be done again; behind the switch a failure is told and stands in nobody's way.
 */
import { messageOf } from '../../home/start-error.ts';
import { removeAddresses } from './steps/addresses.ts';
import { updateDns } from './steps/dns.ts';
import { runScript } from './steps/script.ts';
import { stopServices } from './steps/services.ts';
import type { StepCodes, StepContext } from './steps/step.ts';

/** Before the switch. Throws StepError. */
export async function leave(context: StepContext): Promise<void> {
  const { failover } = context.job;
  const { beforeFailback } = failover.scripts;
  const said: string[] = [];
  if (beforeFailback !== undefined) said.push(await runScript(beforeFailback, context));
  if (failover.services.length > 0) said.push(await stopServices(context));
  if (failover.addresses.length > 0) said.push(await removeAddresses(context));
  if (said.length > 0)
    context.tell('failback-step', 'information', `This server serves the job no more: ${said.join('; ')}.`);
}

/** Instead of the switch: the steps of the failover that serve, as after a crash in their middle. Throws StepError. */
export async function stay(context: StepContext, steps: StepCodes): Promise<void> {
  const { addresses, services, scripts } = context.job.failover;
  const said: string[] = [];
  if (addresses.length > 0) said.push(await steps.addresses.do(context));
  if (services.length > 0) said.push(await steps.services.do(context));
  if (scripts.afterFailover !== undefined) said.push(await steps['script-after'].do(context));
  if (said.length > 0)
    context.tell('failback-step', 'information', `This server serves the job on: ${said.join('; ')}.`);
}

/** Behind the switch. Never throws. */
export async function left(context: StepContext): Promise<void> {
  const { dns, scripts } = context.job.failover;
  const works = [
    ...(dns === undefined ? [] : [() => updateDns(dns, context, 'back')]),
    ...(scripts.afterFailback === undefined ? [] : [runAfter(scripts.afterFailback, context)]),
  ];
  for (const work of works) {
    try {
      context.tell('failback-step', 'information', `Behind the switch: ${await work()}.`);
    } catch (error) {
      context.tell('failback-step-failed', 'error', `The roles are as they were, but: ${messageOf(error)}`);
    }
  }
}

const runAfter = (script: Parameters<typeof runScript>[0], context: StepContext) => () => runScript(script, context);
