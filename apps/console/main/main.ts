/**
 * main: the console's main process. In: the profile, agents, one window. Out: what is on the screen. Promised: one instance; the window
 * holds no secret and opens no socket; who may ask is checked in `ipc.ts`, where one may go in `guard.ts`, what is served in `resource.ts`.
 */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { profileFolder } from '@understudy/sdk';
import { app, type BrowserWindow, Menu, Notification, nativeTheme, session } from 'electron';
import type { z } from 'zod';
import { type Answer, type ChannelName, type OwnChannel, ownChannels } from '../shared/ipc-channels.ts';
import { DEFAULT_PREFERENCES, type Preferences, preferencesSchema } from '../shared/preferences.ts';
import type { DeskWord } from './agents/words.ts';
import { AgentsThread } from './agents-thread.ts';
import { answer, type Handlers } from './answer.ts';
import { declareScheme, serveFolder } from './app-protocol.ts';
import { type Deaths, NO_DEATHS, withDeath } from './deaths.ts';
import { guardApplication, guardSession } from './guard.ts';
import { pushBatch, serveChannels } from './ipc.ts';
import { MemoryFile } from './memory-file.ts';
import { placementSchema } from './placement.ts';
import { Watch } from './watch.ts';
import { loadPage, openWindow } from './window.ts';

const CONNECT_AFTER_MS = 3000;
const here = import.meta.dirname;

/** Where the built parts lie, beside this file's folder. */
const parts = {
  renderer: path.join(here, '..', 'renderer'),
  preload: path.join(here, '..', 'preload', 'preload.cjs'),
  agents: path.join(here, 'agents.js'),
};

const isOwn = (name: ChannelName): name is OwnChannel => (ownChannels as readonly string[]).includes(name);

class Console {
  readonly #agents = new AgentsThread({
    file: parts.agents,
    profile: profileFolder(undefined),
    onWord: (word) => this.#hear(word),
    onAnew: () => this.#window?.webContents.reload(),
    onEnd: (why) => {
      console.error(`the connections to the servers fail again and again: ${why}`);
      app.exit(1);
    },
  });
  readonly #remembered = this.#memory('console.json', preferencesSchema);
  readonly #placement = this.#memory('window.json', placementSchema);
  readonly #watch: Watch;
  #preferences: Preferences;
  #window: BrowserWindow | null = null;

  constructor() {
    this.#preferences = this.#remembered.read() ?? DEFAULT_PREFERENCES;
    this.#watch = new Watch({
      show: () => this.show(),
      quit: () => app.quit(),
      notify: ({ title, body }) => {
        if (!this.#preferences.notifications || this.#window?.isFocused() === true) return;
        const notification = new Notification({ title, body });
        notification.on('click', () => this.show());
        notification.show();
      },
    });
  }

  #memory<T>(name: string, schema: z.ZodType<T>): MemoryFile<T> {
    return new MemoryFile(path.join(app.getPath('userData'), name), schema, (said) => this.#agents.notice(said));
  }

  start(): void {
    Menu.setApplicationMenu(null);
    nativeTheme.themeSource = this.#preferences.theme;
    guardSession(session.defaultSession);
    serveFolder(parts.renderer, () => ({
      scheme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light',
      language: this.#language(),
    }));
    serveChannels(
      (name, payload) => this.#answer(name, payload),
      () => this.#window?.webContents ?? null,
    );
    this.show();
    // A page that cannot be drawn must not keep the tray from knowing.
    setTimeout(() => this.#agents.connect(), CONNECT_AFTER_MS);
  }

  stop(): void {
    void this.#agents.stop();
  }

  show(): void {
    if (this.#window === null) this.#open();
    else {
      if (this.#window.webContents.isCrashed()) this.#window.webContents.reload();
      if (this.#window.isMinimized()) this.#window.restore();
      this.#window.show();
      this.#window.focus();
    }
  }

  #open(): void {
    const dark = nativeTheme.shouldUseDarkColors;
    const window = openWindow({
      memory: this.#placement,
      preload: parts.preload,
      background: dark ? '#1a1b1e' : '#ffffff',
    });
    this.#window = window;
    window.on('closed', () => {
      this.#window = null;
    });
    // What died is shown again; where it dies again and again a person sees an empty window and not a busy one.
    let before: Deaths = NO_DEATHS;
    window.webContents.on('render-process-gone', () => {
      const { deaths, isTooOften } = withDeath(before, Date.now());
      before = deaths;
      if (!isTooOften) window.webContents.reload();
    });
    loadPage(window).catch((error: unknown) => console.error(`the page cannot be loaded: ${String(error)}`));
    // Empty, in the page's own colour: shown once its page is there, it would keep this process from the page's first answer.
    window.show();
  }

  #hear(word: Exclude<DeskWord, { word: 'answer' }>): void {
    if (word.word === 'batch') pushBatch(this.#window?.webContents ?? null, word.text);
    else if (word.word === 'light') this.#watch.light(word.light);
    else this.#watch.notify(word.attention);
  }

  #language(): string {
    const { language } = this.#preferences;
    return language === 'system' ? app.getLocale().slice(0, 2) : language;
  }

  async #answer(name: ChannelName, payload: unknown): Promise<Answer> {
    return isOwn(name) ? await answer(name, payload, this.#handlers()) : await this.#agents.ask(name, payload);
  }

  #handlers(): Handlers<OwnChannel> {
    return {
      open: async () => ({
        version: app.getVersion(),
        profile: profileFolder(undefined),
        memory: app.getPath('userData'),
        world: await this.#world(),
        preferences: this.#preferences,
        systemLanguage: app.getLocale(),
      }),
      drawn: async () => {
        this.#agents.connect();
        return true;
      },
      remember: async (changes) => this.#remember(changes),
      forgetMemory: async () => {
        this.#placement.forget();
        return this.#remember(DEFAULT_PREFERENCES);
      },
    };
  }

  async #world(): Promise<string> {
    const told = await this.#agents.ask('world', {});
    if (!told.ok) throw new Error(told.error.sentence);
    return String(told.value);
  }

  #remember(changes: object): Preferences {
    this.#preferences = preferencesSchema.parse({ ...this.#preferences, ...changes });
    nativeTheme.themeSource = this.#preferences.theme;
    this.#remembered.write(this.#preferences);
    return this.#preferences;
  }
}

/** Where Linux has no graphics device there is nothing to look for; Chromium would start a process for it, twice, and the page would wait. */
function drawWithWhatIsThere(): void {
  if (process.platform === 'linux' && !existsSync('/dev/dri')) app.disableHardwareAcceleration();
}

function begin(): void {
  drawWithWhatIsThere();
  declareScheme();
  guardApplication();
  let opened: Console | null = null;
  app.on('second-instance', () => opened?.show());
  app.on('activate', () => opened?.show());
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', () => opened?.stop());
  // Awaited at the top of a module this would never come: Electron waits for the module first.
  app.whenReady().then(
    () => {
      opened = new Console();
      opened.start();
    },
    (error: unknown) => {
      console.error(error);
      app.exit(1);
    },
  );
}

if (app.requestSingleInstanceLock()) begin();
else app.quit();
