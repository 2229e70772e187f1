/**
 * What operations want told. A record that has to be tried again has said nothing: its words are taken back.
 */
import type { Reply } from '@understudy/wire';
import type { TargetEvent } from './apply-context.ts';

export class Outbox {
  readonly replies: Reply[] = [];
  readonly events: TargetEvent[] = [];

  mark(): { readonly replies: number; readonly events: number } {
    return { replies: this.replies.length, events: this.events.length };
  }

  takeBack(mark: { readonly replies: number; readonly events: number }): void {
    this.replies.length = mark.replies;
    this.events.length = mark.events;
  }
}
