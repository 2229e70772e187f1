/**
 * A third agent as a witness: one that is paired with both servers of the job. In: where it is, its certificate. Out: a Register, over one
 * management connection that is made anew when it breaks.
 */
import type { EpochRecord, Kept } from '@understudy/engine';
import { parseAddress } from '@understudy/wire';
import { messageOf } from '../home/start-error.ts';
import { ConnectError } from '../identity/connect-pinned.ts';
import type { Identity } from '../identity/identity.ts';
import { type AgentClient, openAgentClient } from '../pairing/agent-client.ts';
import { type Register, type Swap, WitnessError } from './register.ts';

export interface AgentRegisterOptions {
  readonly server: { readonly name: string; readonly address: string; readonly fingerprint: string };
  readonly identity: Identity;
  /** The other server of the job: it may change the record, too. */
  readonly parties: readonly string[];
}

export class AgentRegister implements Register {
  readonly name: string;
  readonly #options: AgentRegisterOptions;
  readonly #jobId: string;
  readonly #timeoutMs: number;
  #client: AgentClient | null = null;
  #closed = false;

  constructor(options: AgentRegisterOptions, jobId: string, timeoutMs: number) {
    this.#options = options;
    this.#jobId = jobId;
    this.#timeoutMs = timeoutMs;
    this.name = `the agent ${options.server.name}`;
  }

  async read(): Promise<Kept | null> {
    const jobId = this.#jobId;
    return (await this.#with((client) => client.call('witness.read', { jobId }))).kept;
  }

  async swap(expected: string | null, record: EpochRecord): Promise<Swap> {
    const [jobId, parties] = [this.#jobId, [...this.#options.parties]];
    const { swapped, now } = await this.#with((client) =>
      client.call('witness.swap', { jobId, expected, record, parties }),
    );
    return swapped && now !== null ? { swapped, now } : { swapped: false, now };
  }

  close(): void {
    this.#closed = true;
    this.#client?.close();
    this.#client = null;
  }

  async #with<T>(work: (client: AgentClient) => Promise<T>): Promise<T> {
    try {
      this.#client ??= await this.#connect();
      return await work(this.#client);
    } catch (error) {
      this.#client?.close();
      this.#client = null;
      const denied = error instanceof ConnectError && error.code === 'not-trusted';
      throw new WitnessError(
        denied ? 'denied' : 'unreachable',
        `${this.name}, the witness, ${denied ? 'refuses' : 'cannot be asked'}: ${messageOf(error)}.`,
      );
    }
  }

  async #connect(): Promise<AgentClient> {
    const { server, identity } = this.#options;
    const address = parseAddress(server.address);
    if (address === null || this.#closed) throw new Error('its address is not known');
    return openAgentClient({ address, identity, fingerprint: server.fingerprint, timeoutMs: this.#timeoutMs });
  }
}
