import { defineConfig } from 'vitest/config';

/** Packages are taken from their TypeScript source: a test never runs against an old build. */
const conditions = ['source', 'module', 'node', 'development|production'];
const left = ['**/node_modules/**', '**/dist/**', '**/build/**', '**/.cache/**'];
/**
 * Tests that want the machine for themselves. Processes in mount namespaces of their own see every directory: while one lives,
 * protecting anything is refused. And a storm of kills beside another test measures that test.
 */
const alone = [
  'packages/interceptor/src/fuse/torture.test.ts',
  'packages/interceptor/src/fuse/nested-torture.test.ts',
  'packages/interceptor/src/fuse/refusal.test.ts',
  'packages/interceptor/src/tripwire/tripwire.test.ts',
  'apps/agent/src/jobs/target/guard/open-writers.test.ts',
  'apps/agent/src/jobs/takeover/test-failover/namespace.test.ts',
  // Counts to the byte what waits to be written: in a process that has run other tests before, pieces are cut otherwise.
  'apps/agent/src/ports/replication-link/replication-link.hostile.test.ts',
];

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
          // As below: many of them have real processes, too.
          retry: 1,
          include: ['{packages,apps,house,bench,e2e,tools}/**/*.test.{ts,mjs}'],
          exclude: [...left, ...alone],
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
          name: 'alone',
          retry: 1,
          include: alone,
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
          // Real agents, mounts and measured times: two specs at once would measure each other.
          // What a busy machine spoils is tried once more, and the summary names each test that needed it.
          retry: 1,
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
