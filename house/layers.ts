/**
 * house: the import order and the sizes of rooms, as data; the checks beside it read them, `tidy.test.ts` applies them to the tree.
 *
 * In: nothing. Out: who may import whom. Promised: what is not listed here is not allowed.
 */

export interface Layer {
  /** Folder from the project's top. */
  readonly folder: string;
  /** Layers that it may import, by name. */
  readonly mayImport: readonly string[];
  /** Layers that it may import only by `import()`, when they are needed. */
  readonly lazily?: readonly string[];
  /** Layers that only its tests may import in addition. */
  readonly testsMayImport?: readonly string[];
  /** Of these layers only what the named file exports. */
  readonly only?: Readonly<Record<string, string>>;
  /** Knows neither Node nor a clock: no built-in module, no package but those named. */
  readonly pure?: { readonly packages: readonly string[] };
}

const ports = { engine: 'packages/engine/src/ports.ts' };

/** From the bottom to the top; a layer imports from those before it only. */
export const layers: Readonly<Record<string, Layer>> = {
  base: { folder: 'packages/base', mayImport: [], pure: { packages: [] } },
  wire: { folder: 'packages/wire', mayImport: ['base'], pure: { packages: ['zod'] } },
  engine: {
    folder: 'packages/engine',
    mayImport: ['base', 'wire'],
    pure: { packages: [] },
    testsMayImport: [],
  },
  filesystem: { folder: 'packages/filesystem', mayImport: ['base', 'wire', 'engine'], only: ports },
  interceptor: { folder: 'packages/interceptor', mayImport: ['base', 'wire', 'engine', 'filesystem'], only: ports },
  simulation: {
    folder: 'packages/simulation',
    mayImport: ['base', 'wire', 'engine', 'interceptor'],
  },
  sdk: { folder: 'packages/sdk', mayImport: ['base', 'wire'] },
  notifications: { folder: 'packages/notifications', mayImport: ['base', 'wire'] },
  agent: {
    folder: 'apps/agent',
    mayImport: ['base', 'wire', 'engine', 'filesystem', 'interceptor', 'sdk', 'notifications'],
  },
  cli: { folder: 'apps/cli', mayImport: ['base', 'wire', 'sdk'], lazily: ['agent'] },
  console: { folder: 'apps/console', mayImport: ['base', 'wire', 'sdk'] },
  e2e: { folder: 'e2e', mayImport: ['base', 'wire', 'sdk', 'filesystem', 'cli'] },
  bench: { folder: 'bench', mayImport: ['base', 'e2e'] },
  house: { folder: 'house', mayImport: [] },
};

/** The rooms of the data path: none imports another, and none imports what rules over the path. */
export const dataPath = {
  folder: 'packages/engine/src/data-path',
  stages: ['source/queue', 'source/transmit', 'target/accept', 'target/apply'],
  /** Files that may know both halves of the path. */
  knowAll: ['packages/engine/src/data-path.ts', 'packages/engine/src/index.ts'],
  rulers: 'packages/engine/src/protection',
} as const;

export interface Room {
  /** Other rooms that it may import. A file beside the rooms is for tests alone. */
  readonly mayImport: readonly string[];
  /** Packages that it must not know. */
  readonly barred: readonly string[];
  /** Whether it may import Node's own modules. */
  readonly node: boolean;
}

/** The console's processes: the window holds no secret and opens no socket, so that it knows neither Electron, Node nor the sdk. */
export const rooms: Readonly<Record<string, Room>> = {
  'apps/console/shared': { mayImport: [], barred: ['electron', 'react', '@understudy/sdk'], node: false },
  'apps/console/main': { mayImport: ['apps/console/shared'], barred: ['react'], node: true },
  'apps/console/preload': { mayImport: [], barred: ['react', '@understudy/sdk', '@understudy/wire'], node: false },
  'apps/console/renderer': { mayImport: ['apps/console/shared'], barred: ['electron', '@understudy/sdk'], node: false },
};

/** Lines. What is above `wanted` stands in ratchet.json and may only shrink; `never` is never passed. */
export const sizes = {
  file: { wanted: 300, never: 400 },
  function: { wanted: 50, never: 70 },
} as const;
