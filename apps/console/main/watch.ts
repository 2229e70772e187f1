import type { JobStatus } from '@understudy/wire';
import { type Delta, endKey } from '../shared/view.ts';
import type { Model } from './agents/model.ts';
import { type Attention, attentionOf, worstLight } from './notify.ts';
import { TrayLight } from './tray.ts';

export interface WatchParts {
  readonly show: () => void;
  readonly quit: () => void;
  readonly notify: (attention: Attention) => void;
}

/** Looks at what changes on behalf of a person who does not look: the tray's light, and notices. */
export class Watch {
  readonly #notify: (attention: Attention) => void;
  readonly #tray: TrayLight;
  readonly #seen = new Map<string, JobStatus>();

  constructor({ show, quit, notify }: WatchParts) {
    this.#notify = notify;
    this.#tray = new TrayLight(show, quit);
  }

  see(deltas: readonly Delta[], model: Model): void {
    for (const delta of deltas) {
      if (delta.kind === 'job-gone') this.#seen.delete(endKey(delta.server, delta.name));
      // The source speaks for a job; its target says the same a moment later.
      if (delta.kind !== 'job' || delta.end.status.role === 'target') continue;
      const key = endKey(delta.end.server, delta.end.status.name);
      const attention = attentionOf(this.#seen.get(key) ?? null, delta.end.status);
      this.#seen.set(key, delta.end.status);
      if (attention !== null) this.#notify(attention);
    }
    const sources = model.ends.filter(({ status }) => status.role !== 'target');
    const unreachable = model.servers.filter(({ link }) => link.state === 'lost' || link.state === 'refused').length;
    this.#tray.set(
      worstLight(
        sources.map(({ status }) => status.state),
        unreachable,
      ),
    );
  }
}
