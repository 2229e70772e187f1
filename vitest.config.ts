import { defineConfig } from 'vitest/config';

/** Packages are taken from their TypeScript source: a test never runs against an old build. */
const conditions = ['source', 'module', 'node', 'development|production'];
const left = ['**/node_modules/**', '**/dist/**', '**/build/**', '**/.cache/**'];

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
          exclude: left,
          pool: 'forks',
          maxWorkers: 2,
          testTimeout: 30_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['e2e/specs/**/*.spec.ts'],
          exclude: left,
          pool: 'forks',
          // Real agents, mounts and measured times: two specs at once would measure each other.
          fileParallelism: false,
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
