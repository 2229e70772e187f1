import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  type ConsoleWindow,
  ExitCode,
  staged,
  until,
  whyNoConsole,
  whyNoFuse,
  withConsole,
} from '../bootstrap/index.ts';
import {
  definitionOf,
  editTogether,
  failBackBy,
  failOverBy,
  keptBy,
  lookAtAll,
  open,
  openJob,
  pairBy,
  restoreBy,
  SIZES,
} from '../pages/console.ts';
import { changeSetting, editFailover } from '../pages/edit.ts';
import { pressOn, protectByKeys } from '../pages/keyboard.ts';
import { protectBy } from '../pages/wizard.ts';

const why = whyNoConsole() ?? whyNoFuse();
if (why !== null) console.warn(`SKIPPED the console in its window: ${why}`);

/** The job's definition and a setting of an agent, each as the agent has it in the end. */
async function changesAll(window: ConsoleWindow, stage: Bootstrap): Promise<void> {
  await editTogether(window, () => stage.cli(['job', 'edit', 'files', '--compression', 'low', '--orphans', 'move']));
  expect(await definitionOf(window, 'alpha')).toMatchObject({
    compression: 'high',
    mirror: { orphans: 'move' },
    bandwidthWindows: [{ days: expect.arrayContaining(['mon', 'sat']), from: 480, to: 1080, rate: 2 ** 20 }],
  });

  await editFailover(window, '/usr/local/bin/announce');
  expect(await definitionOf(window, 'alpha')).toMatchObject({
    mirror: { orphans: 'move', orphansOlderThanMs: 7 * 86_400_000 },
    failover: {
      ...{ automatic: false, test: { cron: '0 4 * * *' } },
      monitor: { agent: true, icmp: false, tcp: [22, 5432], intervalMs: 6000, failures: 5 },
      addresses: [{ address: '192.0.2.10/24', interface: 'lo' }],
      services: [{ name: 'nginx.service', unit: 'nginx.service' }],
      scripts: { beforeFailover: { path: '/usr/local/bin/announce', arguments: ['now', 'it is time'] } },
      dns: {
        ...{ server: '192.0.2.53', port: 53, zone: 'example.org' },
        records: [{ name: 'db.example.org', type: 'A', value: '192.0.2.20', back: '192.0.2.10', ttlSeconds: 60 }],
      },
      undo: { ageMs: 129_600_000, sizeBytes: 2 * 2 ** 30 },
    },
  });
  const taken = await stage.cli(['job', 'edit', 'files', '--failover-file', 'none']);
  expect(taken.code, taken.stderr).toBe(ExitCode.done);

  await changeSetting(window);
  expect(readFileSync(join(stage.homeOf('beta'), 'agent.yaml'), 'utf8')).toContain('queue:\n  memory: 64 MiB\n');
}

describe.skipIf(why !== null)('the console in its window', () => {
  staged(
    'pairs two servers, protects a folder, and shows how it stands',
    [],
    async (stage) => {
      const folders = { source: stage.folder('source', 'files'), to: stage.folder('replica') };
      for (let i = 0; i < 40; i += 1) writeFileSync(join(folders.source, `file${i}`), Buffer.alloc(50_000, i));
      await withConsole(stage, 'protect', async (window) => {
        const { page } = window;
        await page.getByText('Two servers, one standing by').waitFor();
        for (const [width, height] of SIZES) {
          await window.resize(width, height);
          await window.picture(`first-run-light-${width}x${height}`);
        }
        expect(await window.faults(), 'faults of the first screen').toEqual([]);
        await pairBy(window, stage, 'alpha');
        await pairBy(window, stage, 'beta');
        await protectBy(window, folders);

        await page.locator('.us-bar .us-state', { hasText: 'protected' }).waitFor();
        expect((await stage.client.status('files')).state).toBe('protected');
        writeFileSync(join(folders.source, 'written'), 'while it is looked at');
        await page.locator('code', { hasText: join(folders.source, 'written') }).waitFor();
        // A name is shown letter by letter, whatever it would like to be.
        writeFileSync(join(folders.source, '<img src=x onerror=alert(1)>\u202egnp'), '');
        await page.locator('code', { hasText: '<img src=x onerror=alert(1)>\\u202egnp' }).waitFor();
        expect(await page.locator('img').count()).toBe(0);
        expect(await page.locator('[data-station="source"]').textContent()).toContain('fuse interceptor');

        await changesAll(window, stage);
        await stage.client.flush('files');
        const restored = stage.folder('restored');
        await restoreBy(window, restored);
        expect(readFileSync(join(restored, folders.source, 'written'), 'utf8')).toBe('while it is looked at');

        await open('Dashboard')(window);
        await page.locator('[data-health="good"] b', { hasText: /^1$/ }).waitFor();
        expect(await lookAtAll(window), 'faults that axe found').toEqual([]);
        await openJob(window);
        expect(await keptBy(window, 'alpha'), 'figures that the agent has kept meanwhile').toBeGreaterThan(0);
        expect(await page.getByText('only since this window opened').count()).toBe(0);
        expect(window.complaints).toEqual([]);
      });
    },
    600_000,
  );

  staged(
    'by keyboard alone: protects, shows a source that is gone, lets the target take over, and brings the roles back',
    ['alpha', 'beta'],
    async (stage) => {
      const { source, to } = { source: stage.folder('source', 'files'), to: stage.folder('replica') };
      writeFileSync(join(source, 'before'), 'before');
      await withConsole(stage, 'failover', async (window) => {
        const { page } = window;
        await protectByKeys(window, source, to);
        // An operation on what is there begins a moment, and what comes behind it is not in that.
        chmodSync(join(source, 'before'), statSync(join(source, 'before')).mode);
        await stage.client.flush('files');
        await until('a moment is kept', async () => (await stage.cli(['points', 'files'])).stdout.includes('Z'));
        writeFileSync(join(source, 'after'), 'after');
        await stage.client.flush('files');
        await stage.agent('alpha').kill();
        await page.locator('.us-bar .us-state', { hasText: 'disconnected' }).waitFor();
        await pressOn(window, /^Dashboard/);
        await page.getByText('1 server does not answer').waitFor();
        await window.picture('source-gone');

        await pressOn(window, 'files');
        await page.getByRole('heading', { level: 1, name: 'files' }).waitFor();
        await failOverBy(window);
        await window.picture('failed-over');
        expect(await window.faults(), 'faults of the sheet').toEqual([]);
        expect(readFileSync(join(to, source, 'before'), 'utf8')).toBe('before');
        expect(existsSync(join(to, source, 'after')), 'what came behind the chosen moment').toBe(false);

        await stage.agent('alpha').start();
        await failBackBy(window);
        await stage.client.reach('files', 'protected');
        expect((await stage.client.status('files')).source).toBe('alpha');
        await window.picture('home-again');
        expect(window.complaints).toEqual([]);
      });
    },
  );

  staged('keeps its walls, and remembers how it was left', [], async (stage) => {
    await withConsole(stage, 'walls', async (window) => {
      const { page } = window;
      await open('Settings')(window);
      const tried = await page.evaluate<Record<string, unknown>>(`(async () => ({
        node: typeof process + typeof require,
        opened: window.open('https://example.org') === null,
        fetched: await fetch('app://console/index.html').then(() => 'yes', () => 'no'),
        // Later, for what the inspector itself evaluates is let through.
        evaluated: await new Promise((done) => setTimeout(() => {
          try { done(String(new Function('return 1')())); } catch { done('no'); }
        })),
        permission: await navigator.permissions.query({ name: 'geolocation' }).then(({ state }) => state),
        hostile: (await understudy.invoke('ask', { server: 'alpha', call: 'agent.pair', params: {} })).error.code,
        stranger: await understudy.invoke('shell', {}).then(() => 'yes', () => 'no'),
      }))()`);
      expect(tried).toEqual({
        node: 'undefinedundefined',
        opened: true,
        fetched: 'no',
        evaluated: 'no',
        permission: 'denied',
        hostile: 'bad-argument',
        stranger: 'no',
      });
      await page.getByText('dark', { exact: true }).click();
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      await page.getByRole('button', { name: 'Forget all of that' }).click();
      await page.locator('html[data-mantine-color-scheme="light"]').waitFor();
      await open('Settings')(window);
      await page.getByText('dark', { exact: true }).click();
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      await window.resize(1111, 777);
      // At the end: whoever drives the window waits for a navigation that never comes.
      for (const elsewhere of ['https://example.org/', 'file:///etc/passwd'])
        await page.evaluate(`location.href = '${elsewhere}'`);
      expect(await page.evaluate('location.href')).toBe('app://console/');
      expect(await page.evaluate('document.querySelector("h1").textContent')).toBe('Settings');
    });
    await withConsole(stage, 'remembered', async (window) => {
      const { page, complaints } = window;
      await page.getByRole('heading', { level: 1, name: 'Settings' }).waitFor();
      await page.locator('html[data-mantine-color-scheme="dark"]').waitFor();
      expect(await page.evaluate<string>('[innerWidth, innerHeight].join(" ")')).toBe('1111 777');
      expect(await window.startAgain(stage), 'a second console of the same user makes room for the first').toBe(0);
      expect(await page.evaluate('document.querySelector("h1").textContent')).toBe('Settings');
      expect(complaints).toEqual([]);
    });
  });
});
