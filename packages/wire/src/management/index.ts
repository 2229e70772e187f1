/**
 * management: what a client (command line, console, another agent while pairing) and an agent say to each other.
 *
 * Transport: WebSocket at `MANAGEMENT_PATH` over TLS 1.3 on the agent's one port, both ends with a certificate of their own, each
 * pinned by the other (`fingerprintSchema`); on the same machine also over the UNIX socket `HOME/LOCAL_SOCKET`, where who may open
 * it is an admin. A version this agent does not speak is answered to the upgrade with 426 and a body `{"error":{code:"version",…}}`.
 *
 * In: `requestSchema` — {id, call, params}, {id, topic, params}, {id, subscription, params} or {id, unsubscribe}. Out: `messageSchema` —
 * {id, ok, result} or {id, ok: false, error}, and {subscription, topic, payload} where `subscription` is the id of the request that made it.
 * `calls` and `topics` say what there is. Promised: answers may come in another order than their requests; the pushes of one
 * subscription come in the order in which things happened, the first of them not before its answer.
 */
export const MANAGEMENT_PROTOCOL = 'understudy-management/1';
export const MANAGEMENT_PATH = '/understudy-management/1';
/** In the agent's home, mode 0600. */
export const LOCAL_SOCKET = 'agent.sock';
export const DEFAULT_PORT = 7320;

export * from './agent.ts';
export * from './brake.ts';
export * from './browse.ts';
export * from './calls.ts';
export * from './envelope.ts';
export * from './errors.ts';
export * from './events.ts';
export * from './failover.ts';
export * from './figures.ts';
export * from './history.ts';
export * from './job.ts';
export * from './job-edit.ts';
export * from './mirror-options.ts';
export * from './news-feed.ts';
export * from './pairing.ts';
export * from './past.ts';
export * from './presets.ts';
export * from './restore.ts';
export * from './settings.ts';
export * from './status-changes.ts';
export * from './synchronous.ts';
export * from './takeover.ts';
export * from './test-failover.ts';
export * from './transmission.ts';
export * from './verification.ts';
export * from './verify-schedule.ts';
export * from './vocabulary.ts';
export * from './way-home.ts';
export * from './witness.ts';
