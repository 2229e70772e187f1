import { accessSync, closeSync, constants, existsSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, test } from 'vitest';
import { Bootstrap } from './bootstrap.ts';
import { ownCommand, projectRoot, understudyCommand } from './command.ts';

/** Full size where the machine has the time: `UNDERSTUDY_E2E_FULL=1`. */
export const fullSize = process.env.UNDERSTUDY_E2E_FULL === '1';
export const sized = (full: number, cut: number): number => (fullSize ? full : cut);

/** Why fuse cannot be had here, or null. */
export function whyNoFuse(): string | null {
  if (process.platform !== 'linux') return 'the fuse driver is for Linux';
  if (process.getuid?.() !== 0) return 'only root can mount over a directory in use; run the tests as root';
  if (!existsSync('/dev/fuse')) return '/dev/fuse does not exist; load the module fuse';
  try {
    closeSync(openSync('/dev/fuse', 'r+'));
  } catch (error) {
    return `/dev/fuse cannot be opened: ${String(error)}`;
  }
  return null;
}

/** What `tsc` writes down of each project that goes into the command, when it has compiled it. */
const COMPILED = [
  'packages/base',
  'packages/wire',
  'packages/engine',
  'packages/filesystem',
  'packages/interceptor',
  'packages/sdk',
  'apps/agent',
  'apps/cli',
];

function assertBuilt(): void {
  try {
    accessSync(understudyCommand, constants.X_OK);
  } catch {
    throw new Error(`${understudyCommand} is not there: run "npm run build" first`);
  }
  if (understudyCommand !== ownCommand) return;
  const bundled = statSync(join(projectRoot, 'apps', 'cli', 'dist', 'bundle', 'main.js'), { throwIfNoEntry: false });
  for (const project of COMPILED) {
    const { mtimeMs } = statSync(join(projectRoot, project, 'dist', 'tsconfig.tsbuildinfo'));
    if (bundled === undefined || mtimeMs > bundled.mtimeMs)
      throw new Error(`${project} is newer than the bundle that the agents run: run "npm run build" first`);
  }
}

/** A group of tests that need the fuse driver; where it cannot be had they are skipped, and the reason is printed. */
export function describeWithFuse(title: string, body: () => void): void {
  const why = whyNoFuse();
  if (why !== null) console.warn(`SKIPPED ${title}: ${why}`);
  describe.skipIf(why !== null)(title, body);
}

/** One test on a stage of its own. On failure the stage's logs are kept; the stage is struck in any case. */
export function staged(
  title: string,
  agents: readonly string[],
  body: (stage: Bootstrap) => Promise<void>,
  timeoutMs = 300_000,
): void {
  test(title, { timeout: timeoutMs }, async () => {
    assertBuilt();
    await withStage(title, agents, body);
  });
}

export async function withStage(
  title: string,
  agents: readonly string[],
  body: (stage: Bootstrap) => Promise<void>,
): Promise<void> {
  const stage = await Bootstrap.open(...agents);
  try {
    await body(stage);
  } catch (error) {
    console.error(`logs of "${title}" are in ${stage.saveLogs(title)}`);
    throw error;
  } finally {
    await stage.close();
  }
}

/** One stage for all tests of the enclosing describe; for cases that leave the agents as they found them. */
export function sharedStage(title: string, ...agents: string[]): () => Bootstrap {
  let stage: Bootstrap | null = null;
  beforeAll(async () => {
    assertBuilt();
    stage = await Bootstrap.open(...agents);
  });
  beforeEach(({ onTestFailed, task }) => {
    onTestFailed(() => console.error(`logs are in ${stage?.saveLogs(`${title} ${task.name}`)}`));
  });
  afterAll(async () => {
    await stage?.close();
  });
  return () => {
    if (stage === null) throw new Error('the stage is not open yet');
    return stage;
  };
}
