/** agent: the only place where the engine meets the world. What others may use of it is the command that runs it. */
export { type RunAgentOptions, runAgent } from './run-agent.ts';
export { VERSION } from './version.ts';
