import {
  type CallArguments,
  type CallName,
  type CallResult,
  calls,
  isCallName,
  isTopicName,
  ManagementError,
  type PairingSession,
  roleReaches,
  type TopicArguments,
  type TopicName,
  type TopicPayload,
  type TrustRole,
  topics,
} from '@understudy/wire';
import type { z } from 'zod';

/** Who calls, as the connection shows it at the moment of the call. */
export interface Caller {
  /** Null: over the local socket. */
  readonly fingerprint: string | null;
  /** Null: not trusted. */
  readonly role: TrustRole | null;
  readonly name: string;
  /** IP address at the other end; null: over the local socket. */
  readonly host: string | null;
  /** Null where there is no TLS session to bind a proof to. */
  readonly pairing: PairingSession | null;
  /** Aborted when the connection is gone. */
  readonly signal: AbortSignal;
}

export type CallHandlers = {
  readonly [N in CallName]: (arguments_: CallArguments<N>, caller: Caller) => Promise<CallResult<N>>;
};

export interface Subscribed<Arguments> {
  readonly end: () => void;
  /** It goes on with others. Absent: this topic's are chosen once. */
  readonly change?: (arguments_: Arguments) => void;
}

/** One under way, for the connection that it is of. */
export interface Subscription {
  readonly end: () => void;
  /** Absent: what it tells is chosen once. Throws ManagementError. */
  readonly change?: (params: unknown, caller: Caller) => void;
}

/** `push` sends one payload. What is pushed meanwhile already counts. */
export type TopicHandlers = {
  readonly [T in TopicName]: (
    arguments_: TopicArguments<T>,
    push: (payload: TopicPayload<T>) => void,
  ) => Promise<Subscribed<TopicArguments<T>>>;
};

export interface Handlers {
  readonly calls: CallHandlers;
  readonly topics: TopicHandlers;
}

/** Checks name, role and parameters, calls, and checks the answer. Throws ManagementError, or whatever a bug throws. */
export async function dispatchCall(
  handlers: Handlers,
  name: string,
  params: unknown,
  caller: Caller,
): Promise<unknown> {
  if (!isCallName(name)) throw new ManagementError('unknown-call', `this agent knows no call ${JSON.stringify(name)}`);
  permit(name, calls[name].role, caller);
  const checked = checkParams(name, calls[name].params, params);
  // The table ties name, arguments and result together; the compiler cannot follow it through a name that is a variable.
  const handler = handlers.calls[name] as (arguments_: unknown, caller: Caller) => Promise<unknown>;
  return calls[name].result.parse(await handler(checked, caller));
}

export async function dispatchSubscription(
  handlers: Handlers,
  name: string,
  params: unknown,
  caller: Caller,
  push: (payload: unknown) => void,
): Promise<Subscription> {
  if (!isTopicName(name))
    throw new ManagementError('unknown-topic', `this agent knows no topic ${JSON.stringify(name)}`);
  permit(name, topics[name].role, caller);
  const checked = checkParams(name, topics[name].params, params);
  const handler = handlers.topics[name] as (
    arguments_: unknown,
    push: (payload: unknown) => void,
  ) => Promise<Subscribed<unknown>>;
  const { end, change } = await handler(checked, push);
  if (change === undefined) return { end };
  return {
    end,
    change: (changed, now) => {
      permit(name, topics[name].role, now);
      change(checkParams(name, topics[name].params, changed));
    },
  };
}

function permit(what: string, needed: (typeof calls)[CallName]['role'], caller: Caller): void {
  if (roleReaches(caller.role, needed)) return;
  if (caller.role === null)
    throw new ManagementError(
      'not-trusted',
      'this client is not paired with the agent: ask for a code with `understudy agent pairing-code` on the server, then `understudy pair`',
    );
  throw new ManagementError(
    'forbidden',
    `${what} needs the role ${needed}, and ${caller.name} has ${caller.role}: pair again with a code of that role`,
  );
}

function checkParams(what: string, schema: z.ZodType, params: unknown): unknown {
  const parsed = schema.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  if (issue?.code === 'unrecognized_keys')
    throw new ManagementError(
      'unsupported-option',
      `${what} does not know ${issue.keys
        .map((key) => `\`${key.slice(0, 64)}\``)
        .slice(0, 8)
        .join(', ')} in this version of the agent`,
    );
  const where = issue?.path.join('.') ?? '';
  throw new ManagementError('invalid', `${what}: ${where === '' ? '' : `\`${where}\`: `}${issue?.message ?? 'wrong'}`);
}
