/**
 * etcd as a witness, through the JSON gateway of its v3 interface. In: endpoints, a user where it wants one, the authority that signed its
 * certificates. Out: a Register; one key a job, whose modification revision names the record. Promise: reads are linearizable, a change is
 * one transaction, and every answer is checked before it is believed.
 */
import { readFileSync } from 'node:fs';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import type { EpochRecord, Kept } from '@understudy/engine';
import { epochRecordSchema } from '@understudy/wire';
import { z } from 'zod';
import { messageOf } from '../home/start-error.ts';
import { type Register, type Swap, WitnessError } from './register.ts';

export interface EtcdOptions {
  readonly endpoints: readonly string[];
  readonly user?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly caFile?: string | undefined;
}

const PREFIX = '/understudy/epoch/';
const MOST_BYTES = 1 << 20;

const revision = z.string().regex(/^\d{1,20}$/);
const pairSchema = z.object({ value: z.string(), mod_revision: revision });
const rangeSchema = z.object({ kvs: z.array(pairSchema).optional() });
const txnSchema = z.object({
  header: z.object({ revision }),
  succeeded: z.boolean().optional(),
  responses: z.array(z.object({ response_range: rangeSchema.optional() })).optional(),
});
const tokenSchema = z.object({ token: z.string().min(1) });
const faultSchema = z.object({
  code: z.number().optional(),
  message: z.string().optional(),
  error: z.string().optional(),
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
/** gRPC's numbers: the token is over, or was never one. */
const UNAUTHENTICATED = 16;
const INVALID_TOKEN = /invalid auth token/i;

export class EtcdRegister implements Register {
  readonly name: string;
  readonly #options: EtcdOptions;
  readonly #timeoutMs: number;
  readonly #key: string;
  #token: string | null = null;
  /** The endpoint that answered last comes first. */
  #first = 0;

  /** `timeoutMs`: of one request to one endpoint. */
  constructor(options: EtcdOptions, jobId: string, timeoutMs: number) {
    this.#options = options;
    this.#timeoutMs = timeoutMs;
    this.#key = base64(`${PREFIX}${jobId}`);
    this.name = `etcd at ${options.endpoints.join(', ')}`;
  }

  async read(): Promise<Kept | null> {
    return this.#keptOf(await this.#ask('kv/range', { key: this.#key }, rangeSchema));
  }

  async swap(expected: string | null, record: EpochRecord): Promise<Swap> {
    const { released, epoch, holder, leaseMs } = record;
    const compare =
      expected === null
        ? { target: 'CREATE', key: this.#key, create_revision: '0', result: 'EQUAL' }
        : { target: 'MOD', key: this.#key, mod_revision: expected, result: 'EQUAL' };
    const value = base64(JSON.stringify({ epoch, holder, leaseMs, released }));
    const answer = await this.#ask(
      'kv/txn',
      {
        compare: [compare],
        success: [{ request_put: { key: this.#key, value } }],
        failure: [{ request_range: { key: this.#key } }],
      },
      txnSchema,
    );
    if (answer.succeeded === true) return { swapped: true, now: { revision: answer.header.revision, record } };
    return { swapped: false, now: this.#keptOf(answer.responses?.[0]?.response_range ?? {}) };
  }

  close(): void {}

  #keptOf({ kvs }: z.output<typeof rangeSchema>): Kept | null {
    const [pair] = kvs ?? [];
    if (pair === undefined) return null;
    const parsed = epochRecordSchema.safeParse(parseJson(Buffer.from(pair.value, 'base64').toString()));
    if (parsed.success) return { revision: pair.mod_revision, record: parsed.data };
    throw new WitnessError(
      'damaged',
      `What ${this.name} keeps under ${Buffer.from(this.#key, 'base64')} is no record of an epoch; it was left as it is.`,
    );
  }

  async #ask<T>(path: string, body: unknown, schema: z.ZodType<T>): Promise<T> {
    if (this.#options.user !== undefined) this.#token ??= await this.#authenticate();
    const first = await this.#post(path, body);
    if (!isStale(first) || this.#token === null) return this.#checked(path, first, schema);
    this.#token = await this.#authenticate();
    return this.#checked(path, await this.#post(path, body), schema);
  }

  async #authenticate(): Promise<string> {
    const { user = '', passwordFile } = this.#options;
    this.#token = null;
    const password = passwordFile === undefined ? '' : readFileSync(passwordFile, 'utf8').trimEnd();
    const answer = await this.#post('auth/authenticate', { name: user, password });
    return this.#checked('auth/authenticate', answer, tokenSchema).token;
  }

  #checked<T>(path: string, { status, body }: Answer, schema: z.ZodType<T>): T {
    const fault = status === 200 ? null : faultSchema.safeParse(body);
    if (fault !== null) {
      const said = (fault.data?.message ?? fault.data?.error ?? `status ${status}`).slice(0, 200);
      const denied = status === 401 || status === 403 || path.startsWith('auth/');
      throw new WitnessError(denied ? 'denied' : 'unreachable', `${this.name} refuses ${path}: ${said}.`);
    }
    const parsed = schema.safeParse(body);
    if (parsed.success) return parsed.data;
    throw new WitnessError('damaged', `${this.name} answered ${path} with what etcd does not say.`);
  }

  /** Each endpoint once, in turn. One that did not answer may have done what it was asked: whoever asked reads before he asks again. */
  async #post(path: string, body: unknown): Promise<Answer> {
    const { endpoints, caFile } = this.#options;
    let failure = 'no endpoint is known';
    for (let i = 0; i < endpoints.length; i += 1) {
      const at = (this.#first + i) % endpoints.length;
      const endpoint = endpoints[at] ?? '';
      try {
        const ca = caFile === undefined ? undefined : readFileSync(caFile);
        const url = new URL(`/v3/${path}`, endpoint);
        const answer = await post({ url, body, token: this.#token, ca, timeoutMs: this.#timeoutMs });
        this.#first = at;
        if (answer.status < 500 || i === endpoints.length - 1) return answer;
        failure = `${endpoint} answers with status ${answer.status}`;
      } catch (error) {
        failure = `${endpoint}: ${messageOf(error)}`;
      }
    }
    throw new WitnessError('unreachable', `${this.name} cannot be reached: ${failure}.`);
  }
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Post {
  readonly url: URL;
  readonly body: unknown;
  readonly token: string | null;
  readonly ca: Buffer | undefined;
  readonly timeoutMs: number;
}

function isStale({ status, body }: Answer): boolean {
  const fault = faultSchema.safeParse(body).data;
  return (
    status !== 200 && (fault?.code === UNAUTHENTICATED || INVALID_TOKEN.test(fault?.error ?? fault?.message ?? ''))
  );
}

function post({ url, body, token, ca, timeoutMs }: Post): Promise<Answer> {
  const text = JSON.stringify(body);
  const headers = {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(token === null ? {} : { authorization: token }),
  };
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: 'POST', headers, ...(ca === undefined ? {} : { ca }) }, (response) => {
      const parts: Buffer[] = [];
      let length = 0;
      response.on('data', (part: Buffer) => {
        length += part.length;
        if (length > MOST_BYTES) asked.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: parseJson(Buffer.concat(parts).toString()) }),
      );
    });
    // Of the whole of it: a line on which a byte comes now and then is no answer either.
    const timer = setTimeout(() => asked.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    asked.on('close', () => {
      clearTimeout(timer);
      // Of an answer of its own kind (101) nothing else is told; who has been answered does not hear this.
      reject(new Error('the connection was closed without an answer'));
    });
    asked.on('error', reject);
    asked.end(text);
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
