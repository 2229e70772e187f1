/** The canary of the pure wall: it compiles only while neither name is known here, and fails the build the day one is. */
// @ts-expect-error timers are the agent's: the engine is handed the time
export type Timer = typeof setTimeout;
// @ts-expect-error disks are the agent's: the engine is handed ports
export type Disk = typeof import('node:fs');
