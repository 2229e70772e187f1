/** What the composition of an agent takes from here. */
export {
  type AgentBase,
  type AgentOptions,
  openAgentBase,
  type ServedAgent,
  type ServeOptions,
  serveAgent,
} from './agent-base.ts';
export type { CallContext, JobControl } from './job-control.ts';
