import { Menu, nativeImage, Tray } from 'electron';
import type { Light } from './notify.ts';
import { drawLight, SIZE } from './tray-light.ts';

const WORDS: Readonly<Record<Light, string>> = {
  red: 'Understudy: something needs you',
  yellow: 'Understudy: not everything is protected now',
  green: 'Understudy: everything that runs is protected',
  gray: 'Understudy: nothing is protected',
};

/** A desktop without a tray has none; nobody misses it. */
export class TrayLight {
  #tray: Tray | null = null;
  #light: Light | null = null;

  constructor(show: () => void, quit: () => void) {
    try {
      this.#tray = new Tray(imageOf('gray'));
      this.#tray.setContextMenu(
        Menu.buildFromTemplate([
          { label: 'Show the console', click: show },
          { label: 'Quit', click: quit },
        ]),
      );
      this.#tray.on('click', show);
    } catch {
      this.#tray = null;
    }
  }

  set(light: Light): void {
    if (light === this.#light) return;
    this.#light = light;
    this.#tray?.setImage(imageOf(light));
    this.#tray?.setToolTip(WORDS[light]);
  }
}

const imageOf = (light: Light): Electron.NativeImage =>
  nativeImage.createFromBitmap(drawLight(light), { width: SIZE, height: SIZE });
