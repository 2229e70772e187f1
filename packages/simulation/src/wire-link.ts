/**
 * The wire between two simulated agents: frames in order while it stands (it is TCP), all of them lost when it breaks.
 * In: messages from either end. Out: the same at the other, later; whether the sender knows that they arrived is the protocol's affair.
 */
import type { LoggedPacket } from '@understudy/engine';
import type { Condition, Position, Reply } from '@understudy/wire';

export type ToTarget =
  | { readonly kind: 'operations'; readonly packet: LoggedPacket; readonly epoch: number }
  | { readonly kind: 'confirm'; readonly applied: Position };
export type ToSource =
  | { readonly kind: 'acknowledge'; readonly received: Position; readonly applied: Position }
  | { readonly kind: 'resend'; readonly from: Position }
  | { readonly kind: 'replies'; readonly replies: readonly Reply[] }
  | { readonly kind: 'condition'; readonly condition: Condition }
  | { readonly kind: 'pause'; readonly paused: boolean };

export class WireLink {
  readonly toTarget: ToTarget[] = [];
  readonly toSource: ToSource[] = [];
}
