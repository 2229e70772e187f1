/** What the main process and the thread of the connections say to each other. */
import type { AgentChannel, Answer } from '../../shared/ipc-channels.ts';
import type { Attention, Light } from '../notify.ts';

/** To the thread. */
export type DeskOrder =
  /** `world`: everything as it stands, as JSON. The payload is as the window sent it: it is checked where it is used. */
  | { readonly order: 'ask'; readonly id: number; readonly what: AgentChannel | 'world'; readonly payload: unknown }
  | { readonly order: 'connect' }
  | { readonly order: 'notice'; readonly sentence: string };

/** From it. */
export type DeskWord =
  | { readonly word: 'answer'; readonly id: number; readonly answer: Answer }
  /** A `Batch`, as JSON. */
  | { readonly word: 'batch'; readonly text: string }
  | { readonly word: 'attention'; readonly attention: Attention }
  | { readonly word: 'light'; readonly light: Light };
