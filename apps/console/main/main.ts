/**
 * main: the console's main process. In: the profile, agents, one window. Out: what is on the screen. Promised: one instance; the window
 * holds no secret and opens no socket; who may ask is checked in `ipc.ts`, where one may go in `guard.ts`, what is served in `resource.ts`.
 */
import path from 'node:path';
import { profileFolder } from '@understudy/sdk';
import { app, type BrowserWindow, Menu, Notification, nativeTheme, session } from 'electron';
import type { z } from 'zod';
import { DEFAULT_PREFERENCES, type Preferences, preferencesSchema } from '../shared/preferences.ts';
import type { Delta } from '../shared/view.ts';
import { Agents } from './agents/agents.ts';
import type { Handlers } from './answer.ts';
import { declareScheme, serveFolder } from './app-protocol.ts';
import { guardApplication, guardSession } from './guard.ts';
import { pushDeltas, serveChannels } from './ipc.ts';
import { MemoryFile } from './memory-file.ts';
import { placementSchema } from './placement.ts';
import { Watch } from './watch.ts';
import { loadPage, openWindow } from './window.ts';

const DELTAS_EVERY_MS = 100;
const CONNECT_AFTER_MS = 3000;
/** Agents tell figures once a second: of two thousand jobs that is a change for every beat, and each would be drawn. */
const FIGURES_EVERY_MS = 1000;
/** A page that dies more often than this within this time is left as it is until somebody asks for the window again. */
const MOST_DEATHS = 3;
const DEATHS_WITHIN_MS = 60_000;
const here = import.meta.dirname;

/** Where the built parts lie, beside this file's folder. */
const parts = {
  renderer: path.join(here, '..', 'renderer'),
  preload: path.join(here, '..', 'preload', 'preload.cjs'),
};

class Console {
  readonly #agents = new Agents(profileFolder(undefined));
  readonly #remembered = this.#memory('console.json', preferencesSchema);
  readonly #placement = this.#memory('window.json', placementSchema);
  readonly #watch: Watch;
  #preferences: Preferences;
  #figuresAt = 0;
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
    return new MemoryFile(path.join(app.getPath('userData'), name), schema, (said) => this.#agents.model.notice(said));
  }

  async start(): Promise<void> {
    Menu.setApplicationMenu(null);
    nativeTheme.themeSource = this.#preferences.theme;
    guardSession(session.defaultSession);
    serveFolder(parts.renderer, () => ({
      scheme: nativeTheme.shouldUseDarkColors ? 'dark' : 'light',
      language: this.#language(),
    }));
    serveChannels(this.#handlers(), () => this.#window?.webContents ?? null);
    await this.#agents.start();
    setInterval(() => this.#flush(), DELTAS_EVERY_MS);
    this.show();
    this.#window?.webContents.once('did-finish-load', () => this.#agents.beginConnecting());
    // A page that cannot be loaded must not keep the tray from knowing.
    setTimeout(() => this.#agents.beginConnecting(), CONNECT_AFTER_MS);
  }

  stop(): void {
    this.#agents.stop();
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
    let deaths: readonly number[] = [];
    window.webContents.on('render-process-gone', () => {
      const now = Date.now();
      deaths = [...deaths.filter((at) => now - at < DEATHS_WITHIN_MS), now];
      if (deaths.length <= MOST_DEATHS) window.webContents.reload();
    });
    loadPage(window).catch((error: unknown) => console.error(`the page cannot be loaded: ${String(error)}`));
  }

  #flush(): void {
    const now = performance.now();
    const isBeat = now - this.#figuresAt >= FIGURES_EVERY_MS - DELTAS_EVERY_MS / 2;
    if (isBeat) this.#figuresAt = now;
    const deltas: readonly Delta[] = this.#agents.model.take(isBeat ? 'all' : 'urgent');
    if (deltas.length === 0) return;
    this.#watch.see(deltas, this.#agents.model);
    pushDeltas(this.#window?.webContents ?? null, deltas);
  }

  #language(): string {
    const { language } = this.#preferences;
    return language === 'system' ? app.getLocale().slice(0, 2) : language;
  }

  #handlers(): Handlers {
    const agents = this.#agents;
    const done = async (work: Promise<void>): Promise<true> => {
      await work;
      return true;
    };
    return {
      open: async () => ({
        version: app.getVersion(),
        profile: profileFolder(undefined),
        memory: app.getPath('userData'),
        servers: agents.model.servers,
        ends: agents.model.ends,
        events: agents.model.events,
        notices: agents.model.notices,
        preferences: this.#preferences,
        systemLanguage: app.getLocale(),
      }),
      remember: async (changes) => this.#remember(changes),
      forgetMemory: async () => {
        this.#placement.forget();
        return this.#remember(DEFAULT_PREFERENCES);
      },
      pair: (asked) => agents.pair(asked),
      forget: ({ name }) => done(agents.forget(name)),
      reconnect: ({ name }) => done(agents.reconnect(name)),
      ask: (asked) => agents.ask(asked),
      introduce: (names) => agents.introduce(names),
      checkJob: (planned) => agents.checkJob(planned),
      createJob: (wanted) => agents.createJob(wanted),
    };
  }

  #remember(changes: object): Preferences {
    this.#preferences = preferencesSchema.parse({ ...this.#preferences, ...changes });
    nativeTheme.themeSource = this.#preferences.theme;
    this.#remembered.write(this.#preferences);
    return this.#preferences;
  }
}

function begin(): void {
  declareScheme();
  guardApplication();
  let opened: Console | null = null;
  app.on('second-instance', () => opened?.show());
  app.on('activate', () => opened?.show());
  app.on('window-all-closed', () => app.quit());
  app.on('will-quit', () => opened?.stop());
  // Awaited at the top of a module this would never come: Electron waits for the module first.
  app.whenReady().then(
    async () => {
      opened = new Console();
      await opened.start();
    },
    (error: unknown) => {
      console.error(error);
      app.exit(1);
    },
  );
}

if (app.requestSingleInstanceLock()) begin();
else app.quit();
