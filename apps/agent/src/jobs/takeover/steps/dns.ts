/** RFC 2136, through nsupdate of the system: the records point at this server from now on; its own retries make it safe to repeat. */
import type { DnsUpdate } from '@understudy/wire';
import { howItEnded } from '../run-command.ts';
import { toolAt } from '../tools.ts';
import { type StepCode, type StepContext, StepError } from './step.ts';

export const dnsStep: StepCode = {
  do: async (context) => {
    const { dns } = context.job.failover;
    if (dns === undefined) return 'there is nothing to be changed';
    return updateDns(dns, context, 'there');
  },
};

/** `back`: the records as they were before the failover, as far as the section says what that is. */
export async function updateDns(dns: DnsUpdate, { run }: StepContext, way: 'there' | 'back'): Promise<string> {
  const command = [toolAt('nsupdate'), ...(dns.keyFile === undefined ? [] : ['-k', dns.keyFile])];
  const end = await run(command, { timeoutMs: dns.timeoutMs, input: updateText(dns, way) });
  const wrong = howItEnded(end);
  if (wrong === '') return `${dns.records.map(({ name, type }) => `${name} ${type}`).join(', ')} at ${dns.server}`;
  throw new StepError(
    'dns-failed',
    `The name server ${dns.server} did not take the update of ${dns.zone}: ${wrong}.`,
    'Mend that, or change the records by hand and take the step for done with --skip.',
  );
}

export function updateText({ server, port, zone, records }: DnsUpdate, way: 'there' | 'back'): string {
  const lines = [`server ${server} ${port}`, `zone ${zone}`];
  for (const { name, type, value, back, ttlSeconds } of records) {
    const to = way === 'there' ? value : back;
    if (to === undefined) continue;
    lines.push(`update delete ${name} ${type}`, `update add ${name} ${ttlSeconds} ${type} ${to}`);
  }
  return `${[...lines, 'send'].join('\n')}\n`;
}
