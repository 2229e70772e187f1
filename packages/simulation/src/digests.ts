/** What digests a simulated machine makes. In: whether it makes BLAKE3. Out: an engine's digest that counts how often each is made. */
import { createHash } from 'node:crypto';
import type { Digest } from '@understudy/engine';

export class Digests implements Digest {
  readonly made = { sha256: 0, blake3: 0 };
  readonly blake3?: Digest['sha256'];

  constructor(makesBlake3 = false) {
    // Node makes no BLAKE3: another one of the same length stands for it.
    if (makesBlake3) this.blake3 = this.#counted('blake3', 'blake2s256');
  }

  readonly sha256 = this.#counted('sha256', 'sha256');

  get names(): ('blake3' | 'sha256')[] {
    return this.blake3 === undefined ? ['sha256'] : ['blake3', 'sha256'];
  }

  #counted(name: 'blake3' | 'sha256', algorithm: string): Digest['sha256'] {
    return (bytes) => {
      this.made[name] += 1;
      return createHash(algorithm).update(bytes).digest();
    };
  }
}
