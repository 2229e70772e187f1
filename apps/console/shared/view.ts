/** What the window shows, in plain data: it crosses from the main process as it stands here. */
import type { AgentEvent, JobStatus, TrustRole } from '@understudy/wire';
import type { Preferences } from './preferences.ts';

/** A link's code where the agent speaks a version that this console does not; the sentence names both. */
export const OTHER_VERSION = 'other-version';

/** How it stands between this console and one agent. Times are milliseconds since 1970, of this machine. */
export type LinkView =
  | { readonly state: 'connecting'; readonly sinceMs: number }
  | { readonly state: 'live'; readonly sinceMs: number }
  /** Tried again by itself at `nextTryMs`. */
  | {
      readonly state: 'lost';
      readonly sinceMs: number;
      readonly code: string;
      readonly sentence: string;
      readonly nextTryMs: number;
    }
  /** What no further try would mend: another certificate, a client that is not trusted. A person has to do something. */
  | { readonly state: 'refused'; readonly sinceMs: number; readonly code: string; readonly sentence: string };

export interface ServerInfo {
  /** Product version. */
  readonly version: string;
  readonly role: TrustRole | null;
  readonly home: string | null;
  readonly listen: string | null;
  readonly startedAt: string | null;
  readonly residentBytes: number | null;
  /** Its clock minus ours; null: it did not tell the time. */
  readonly clockOffsetMs: number | null;
}

export interface ServerView {
  readonly name: string;
  readonly address: string;
  readonly fingerprint: string;
  readonly role: TrustRole;
  readonly addedAt: string;
  readonly link: LinkView;
  /** As it last said; null: it has not been reached yet. */
  readonly info: ServerInfo | null;
}

/** One end of a job, as its agent tells it. */
export interface JobEnd {
  readonly server: string;
  readonly status: JobStatus;
  /** When that was heard, ms, of this machine. */
  readonly heardMs: number;
}

export interface ServerEvent {
  readonly server: string;
  readonly event: AgentEvent;
}

/** What changed; applied in order. */
export type Delta =
  | { readonly kind: 'server'; readonly server: ServerView }
  | { readonly kind: 'server-gone'; readonly name: string }
  | { readonly kind: 'job'; readonly end: JobEnd }
  | { readonly kind: 'job-gone'; readonly server: string; readonly name: string }
  | { readonly kind: 'events'; readonly events: readonly ServerEvent[] }
  | { readonly kind: 'notice'; readonly sentence: string };

/** Everything, for a window that has just opened. */
export interface Snapshot {
  readonly version: string;
  readonly profile: string;
  /** The folder of what this console remembers. */
  readonly memory: string;
  readonly servers: readonly ServerView[];
  readonly ends: readonly JobEnd[];
  readonly events: readonly ServerEvent[];
  readonly notices: readonly string[];
  readonly preferences: Preferences;
  /** What the system is set to, for the preference `system`. */
  readonly systemLanguage: string;
}

export const endKey = (server: string, job: string): string => `${server}/${job}`;
