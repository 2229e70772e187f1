/**
 * Whether size and time may decide in a mirror. In: greetings, mirrors that were given up or came to their end. Out: how the next one
 * compares. Promise: times are not believed where they may speak for content that never came: a file is settled before what differs of
 * it is sent, and a power cut on the target may keep a time and lose the content.
 */
import type { Compare } from './plan.ts';

export class AttributeTrust {
  #doubt = false;
  /** The target has been greeted before, by this process or an earlier one. */
  #heard: boolean;

  constructor(heard: boolean) {
    this.#heard = heard;
  }

  /**
   * `incomplete`: something was under way, and nothing is known of it any more. `replaces`: the target has heard of the source before, and this
   * process knows nothing of that.
   */
  greeted(target: {
    readonly resumes: boolean;
    readonly replaces?: boolean | undefined;
    readonly incomplete: boolean;
  }): void {
    const heard = this.#heard || target.replaces === true;
    if (heard && (!target.resumes || target.incomplete)) this.#doubt = true;
    this.#heard = true;
  }

  /** A mirror of everything will not come to its end. */
  gaveUp(compare: Compare): void {
    if (compare !== 'attributes') this.#doubt = true;
  }

  /** Something could not be read, or was refused for good: what was done to it since has brought its size and times, and not its content. */
  leftOut(): void {
    this.#doubt = true;
  }

  /** A mirror of everything has come to its end. */
  ended(compare: Compare): void {
    if (compare !== 'attributes') this.#doubt = false;
  }

  compare(wanted: Compare): Compare {
    return wanted === 'attributes' && this.#doubt ? 'checksum' : wanted;
  }
}
