/** The administrator's script before or after the failover. It may come again where the agent was killed while it ran: it is told so. */
import type { Script } from '@understudy/wire';
import { howItEnded } from '../run-command.ts';
import { type StepCode, type StepContext, StepError } from './step.ts';

export function scriptStep(which: 'beforeFailover' | 'afterFailover'): StepCode {
  return {
    do: async (context) => {
      const script = context.job.failover.scripts[which];
      return script === undefined ? 'there is none' : runScript(script, context);
    },
    undo: async () => 'what a script did is not taken back',
  };
}

export async function runScript(script: Script, { run, tell, again }: StepContext): Promise<string> {
  const env = { UNDERSTUDY_AGAIN: again ? '1' : '0' };
  const end = await run([script.path, ...script.arguments], { timeoutMs: script.timeoutMs, env });
  const wrong = howItEnded(end);
  if (end.said !== '')
    tell('script-said', wrong === '' ? 'information' : 'warning', `${script.path} said: ${end.said}`);
  if (wrong === '') return `${script.path} ended well`;
  throw new StepError(
    'script-failed',
    `The script ${script.path} did not end well: ${wrong}.`,
    `Run it by hand to see why; then go on with the failover, or take the step for done with --skip.`,
  );
}
