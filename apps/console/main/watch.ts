import type { Attention, Light } from './notify.ts';
import { TrayLight } from './tray.ts';

export interface WatchParts {
  readonly show: () => void;
  readonly quit: () => void;
  readonly notify: (attention: Attention) => void;
}

/** What is shown to a person who does not look at the window: the tray's light, and notices. */
export class Watch {
  readonly notify: (attention: Attention) => void;
  readonly #tray: TrayLight;

  constructor({ show, quit, notify }: WatchParts) {
    this.notify = notify;
    this.#tray = new TrayLight(show, quit);
  }

  light(light: Light): void {
    this.#tray.set(light);
  }
}
