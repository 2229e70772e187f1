import { type Delta, endKey } from '../../shared/view.ts';
import { type Attention, attentionOf, type Light, type Seen, worstLight } from '../notify.ts';
import type { Model } from './model.ts';

export interface Looked {
  readonly attentions: readonly Attention[];
  /** Null: as it was. */
  readonly light: Light | null;
}

/** Looks at what changes on behalf of a person who does not look. In: deltas. Out: what to call him for, and the light of all of it. */
export class Lookout {
  readonly #seen = new Map<string, Seen>();
  #light: Light | null = null;

  see(deltas: readonly Delta[], model: Model): Looked {
    const attentions: Attention[] = [];
    let isMoved = false;
    for (const delta of deltas) {
      // Figures alone change nothing that is looked at here.
      if (delta.kind === 'job-changed' && delta.set.state === undefined) continue;
      isMoved = true;
      if (delta.kind === 'job-gone') this.#seen.delete(endKey(delta.server, delta.name));
      const attention = this.#attentionOf(delta, model);
      if (attention !== null) attentions.push(attention);
    }
    return { attentions, light: isMoved ? this.#changedLight(model) : null };
  }

  #attentionOf(delta: Delta, model: Model): Attention | null {
    if (delta.kind !== 'job' && delta.kind !== 'job-changed') return null;
    const key =
      delta.kind === 'job' ? endKey(delta.end.server, delta.end.status.name) : endKey(delta.server, delta.name);
    const status = model.end(key)?.status;
    // The source speaks for a job; its target says the same a moment later.
    if (status === undefined || status.role === 'target') return null;
    const before = this.#seen.get(key) ?? null;
    this.#seen.set(key, { state: status.state });
    return attentionOf(before, status);
  }

  #changedLight(model: Model): Light | null {
    const sources = model.ends.filter(({ status }) => status.role !== 'target');
    const unreachable = model.servers.filter(({ link }) => link.state === 'lost' || link.state === 'refused').length;
    const states = sources.map(({ status }) => status.state);
    const light = worstLight(states, unreachable);
    if (light === this.#light) return null;
    this.#light = light;
    return light;
  }
}
