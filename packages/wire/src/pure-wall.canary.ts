/** The canary of the pure wall: it compiles only while neither name is known here, and fails the build the day one is. */
// @ts-expect-error sockets are the agent's: wire only says what goes over them
export type Socket = typeof import('node:net');
// @ts-expect-error Node's Buffer is the agent's: wire knows Uint8Array
export type Bytes = typeof Buffer;
