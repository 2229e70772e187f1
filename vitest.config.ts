import { defineConfig } from 'vitest/config';
import { ALONE } from './tools/lanes.mjs';

/** Packages are taken from their TypeScript source: a test never runs against an old build. */
const conditions = ['source', 'module', 'node', 'development|production'];
const left = ['**/node_modules/**', '**/dist/**', '**/build/**', '**/.cache/**'];
/** Tests that run what `npm run build` has made. */
const built = ['tools/start.test.mjs'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: ['source', 'node'] } },
  test: {
    environment: 'node',
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['{packages,apps,house,bench,e2e,tools}/**/*.test.{ts,mjs}'],
          exclude: [...left, ...ALONE, ...built],
          pool: 'forks',
          // A process for each file, and what that loads anew, is nearly half a second of processor time each.
          isolate: false,
          // One more than a small machine has processors: many of them wait for agents.
          maxWorkers: 3,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'built',
          include: built,
          exclude: left,
          pool: 'forks',
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 4 },
        },
      },
      {
        extends: true,
        test: {
          name: 'alone',
          include: ALONE,
          exclude: left,
          pool: 'forks',
          fileParallelism: false,
          maxWorkers: 1,
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/specs/**/*.spec.ts'],
          exclude: left,
          pool: 'forks',
          // Real agents and mounts: two specs at once see each other, unless each is in a lane of its own (tools/lanes.mjs).
          fileParallelism: false,
          isolate: false,
          maxWorkers: 1,
          testTimeout: 300_000,
          hookTimeout: 120_000,
          teardownTimeout: 60_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
