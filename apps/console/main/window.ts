import path from 'node:path';
import { BrowserWindow, screen } from 'electron';
import type { MemoryFile } from './memory-file.ts';
import { MIN_SIZE, type Placement, placeWindow } from './placement.ts';
import { ORIGIN } from './resource.ts';

export interface WindowParts {
  readonly memory: MemoryFile<Placement>;
  /** Absolute. */
  readonly preload: string;
  readonly background: string;
}

/** The one window, where it was when it was last closed. */
export function openWindow({ memory, preload, background }: WindowParts): BrowserWindow {
  const areas = screen.getAllDisplays().map((display) => display.workArea);
  const { maximized, ...bounds } = placeWindow(memory.read(), areas);
  const window = new BrowserWindow({
    ...bounds,
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Understudy',
    show: false,
    autoHideMenuBar: true,
    backgroundColor: background,
    webPreferences: {
      preload: path.resolve(preload),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      spellcheck: false,
      // Charts go on while the window is behind another: history without holes.
      backgroundThrottling: false,
    },
  });
  if (maximized) window.maximize();
  const keep = (): void => memory.write({ bounds: window.getNormalBounds(), maximized: window.isMaximized() });
  let timer: NodeJS.Timeout | undefined;
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(keep, 500);
  };
  window.on('resize', soon);
  window.on('move', soon);
  window.on('close', () => {
    clearTimeout(timer);
    keep();
  });
  return window;
}

export async function loadPage(window: BrowserWindow): Promise<void> {
  await window.loadURL(`${ORIGIN}/`);
}
