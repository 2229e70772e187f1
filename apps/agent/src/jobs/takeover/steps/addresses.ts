/**
 * Service addresses move here: asked on the link whether somebody answers for them still, added, announced. In: addresses of the job.
 * Promise: an address that answers elsewhere is not taken; one that is here already is left, and announced again.
 */
import { announce, whoHas } from '@understudy/interceptor';
import type { ServiceAddress } from '@understudy/wire';
import { messageOf } from '../../../home/start-error.ts';
import { howItEnded } from '../run-command.ts';
import { toolAt } from '../tools.ts';
import { type StepCode, type StepContext, StepError } from './step.ts';

const IP_MS = 10_000;
/** The kernel asks the link itself before it uses an IPv6 address. */
const TENTATIVE_MS = 3_000;
const LOOK_MS = 100;

export interface LinkPorts {
  readonly whoHas: typeof whoHas;
  readonly announce: typeof announce;
}

export const kernelLink: LinkPorts = { whoHas, announce };

export function addressesStep(link: LinkPorts): StepCode {
  return {
    do: async (context) => {
      const said: string[] = [];
      for (const address of context.job.failover.addresses) said.push(await addAddress(address, context, link));
      return said.join('; ');
    },
    undo: removeAddresses,
  };
}

export async function removeAddresses(context: StepContext): Promise<string> {
  const said: string[] = [];
  for (const { address, interface: device } of [...context.job.failover.addresses].reverse()) {
    if (!(await linesOf(device, address, context)).here) continue;
    await ip(context, ['address', 'del', address, 'dev', device], `${address} cannot be taken from ${device}`);
    said.push(`${address} was taken from ${device}`);
  }
  return said.length === 0 ? 'none was here' : said.join('; ');
}

const bare = (address: string): string => address.slice(0, address.indexOf('/'));

async function addAddress(wanted: ServiceAddress, context: StepContext, link: LinkPorts): Promise<string> {
  const { address, interface: device } = wanted;
  if (!(await linesOf(device, address, context)).here) {
    await refuseTaken(wanted, context, link);
    await ip(context, ['address', 'add', address, 'dev', device], `${address} cannot be added to ${device}`);
  }
  await settled(wanted, context);
  const wrong = await link.announce(device, bare(address)).catch((error: unknown) => messageOf(error));
  if (wrong === '') return `${address} is on ${device}, and announced`;
  context.tell(
    'address-not-announced',
    'warning',
    `${address} could not be announced on ${device} (${wrong}): others find it when their tables age.`,
  );
  return `${address} is on ${device}, but could not be announced`;
}

async function refuseTaken({ address, interface: device }: ServiceAddress, { tell }: StepContext, link: LinkPorts) {
  const { asked, who } = await link
    .whoHas(device, bare(address))
    .catch((error: unknown) => ({ asked: false, who: messageOf(error) }));
  if (who === null) return;
  if (asked)
    throw new StepError(
      'address-in-use',
      `The address ${bare(address)} answers elsewhere on ${device} (${who}): two servers must not have it.`,
      'Take it from that server, or switch that off; then order the failover again.',
    );
  tell(
    'address-not-asked',
    'warning',
    `Whether ${bare(address)} is used by somebody on ${device} could not be asked (${who}).`,
  );
}

/** Throws where the kernel found the address in use. */
async function settled({ address, interface: device }: ServiceAddress, context: StepContext): Promise<void> {
  for (let waited = 0; address.includes(':') && waited < TENTATIVE_MS; waited += LOOK_MS) {
    const { failed, tentative } = await linesOf(device, address, context);
    if (failed) {
      await ip(context, ['address', 'del', address, 'dev', device], `${address} cannot be taken from ${device}`);
      throw new StepError('address-in-use', `The address ${bare(address)} answers elsewhere on ${device}.`);
    }
    if (!tentative) return;
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function linesOf(device: string, address: string, context: StepContext) {
  const args = ['-oneline', 'address', 'show', 'dev', device, 'to', bare(address)];
  const line = await ip(context, args, `the interface ${device} cannot be looked at`);
  return { here: line !== '', tentative: line.includes('tentative'), failed: line.includes('dadfailed') };
}

async function ip({ run }: StepContext, args: readonly string[], what: string): Promise<string> {
  const end = await run([toolAt('ip'), ...args], { timeoutMs: IP_MS });
  const wrong = howItEnded(end);
  if (wrong === '') return end.said;
  throw new StepError(
    'address-failed',
    `${what}: ${wrong}.`,
    'Look at the interface with `ip address`; then order the failover again.',
  );
}
