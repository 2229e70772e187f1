/** What the window shows, in plain data: it crosses from the main process as it stands here. */
import type { AgentEvent, JobStatus, StatusChanges, TrustRole } from '@understudy/wire';
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
  /** Of an end that is known. */
  | ({ readonly kind: 'job-changed'; readonly server: string; readonly name: string } & StatusChanges)
  | { readonly kind: 'job-gone'; readonly server: string; readonly name: string }
  | { readonly kind: 'events'; readonly events: readonly ServerEvent[] }
  | { readonly kind: 'notice'; readonly sentence: string };

/** Deltas of one moment. Each batch has the number after the one before. */
export interface Batch {
  readonly number: number;
  readonly deltas: readonly Delta[];
}

/** All that is known of the servers. */
export interface World {
  /** Of the last batch that is in it. */
  readonly number: number;
  readonly servers: readonly ServerView[];
  readonly ends: readonly JobEnd[];
  readonly events: readonly ServerEvent[];
  readonly notices: readonly string[];
}

/** Everything, for a window that has just opened. */
export interface Snapshot {
  readonly version: string;
  readonly profile: string;
  /** The folder of what this console remembers. */
  readonly memory: string;
  /** `World` as JSON: a text crosses from process to process for a tenth of what the objects in it cost. */
  readonly world: string;
  readonly preferences: Preferences;
  /** What the system is set to, for the preference `system`. */
  readonly systemLanguage: string;
}

export const endKey = (server: string, job: string): string => `${server}/${job}`;
