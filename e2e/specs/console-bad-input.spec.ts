/**
 * What reaches a console and is not as it should be: a damaged profile, a wrong code, a server that shows another certificate, speaks another
 * version, has another time, or says what no agent would; one that goes in the middle of the wizard; a second console at the same job. In:
 * real agents, and some that only a test has. Out: each is said in words, shown as it is, and stops nobody from going on.
 */
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Profile, pair } from '@understudy/sdk';
import { FakeAgent, statusOf } from '@understudy/sdk/testing';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  type ConsoleWindow,
  staged,
  until,
  whyNoConsole,
  whyNoFuse,
  withConsole,
} from '../bootstrap/index.ts';
import { open, openEdit, openJob } from '../pages/console.ts';
import { pictures, readsEndless, readsOldest } from '../pages/events.ts';

const why = whyNoConsole() ?? whyNoFuse();
if (why !== null) console.warn(`SKIPPED bad input to the console: ${why}`);

const CODE = 'AAAAA-AAAAA-AAAAA-AAAAA';
/** Markup, a name that turns around, a control character, a line without end. */
const HOSTILE = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>\u202egnp.exe\u0007`;
const ENDLESS = 'x'.repeat(4000);
const TURNING = `[...document.querySelectorAll('*')].some((one) =>
  /[\\u202a-\\u202e\\u2066-\\u2069]/.test([...one.attributes].map(({ value }) => value).join('') + one.textContent))`;
const WIDER = 'document.documentElement.scrollWidth > innerWidth';

const profileOf = (stage: Bootstrap): string => stage.env.UNDERSTUDY_PROFILE ?? '';

/** An agent that says what no agent of ours would, two hours ahead of everybody. */
async function hostileAgent(): Promise<FakeAgent> {
  const status = statusOf({
    ...{ name: 'hostile', source: `gamma${HOSTILE}`, target: `away${HOSTILE}`, state: 'degraded' as const },
    reason: { code: 'x', sentence: `${HOSTILE} ${ENDLESS}`.slice(0, 4096) },
    ...{ exposures: [HOSTILE], uncovered: [HOSTILE], tripwireOff: HOSTILE, interceptorReason: HOSTILE },
  });
  const definition = {
    name: 'hostile',
    target: { name: 'away', address: 'away:7320', fingerprint: 'b'.repeat(64) },
    include: [{ text: HOSTILE, bytes: Buffer.from(`/${HOSTILE}`).toString('base64') }],
  };
  const event = { time: '2026-11-22T12:00:00.000Z', severity: 'error', code: 'x', job: 'hostile' } as const;
  const agent = await FakeAgent.start({
    name: 'gamma',
    answers: {
      'agent.info': () => ({
        ...{ name: 'gamma', version: '0.1.0', fingerprint: agent.fingerprint, role: 'admin' },
        protocols: { management: [], replication: [] },
        details: {
          ...{ pid: 1, home: `/home/${HOSTILE}`, listen: '0.0.0.0:7320', residentBytes: 1 },
          ...{ startedAt: new Date(Date.now() + 7_200_000).toISOString(), uptimeMs: 0 },
        },
      }),
      'job.list': () => ({ jobs: [{ status, definition }] }),
      'events.list': () => ({
        events: [
          { ...event, id: 1, sentence: HOSTILE, advice: HOSTILE },
          { ...event, id: 2, sentence: ENDLESS, advice: '' },
        ],
        last: 2,
      }),
    },
  });
  return agent;
}

/** Nothing that came from outside has become part of the page, and all of it can be read. */
async function isOnlyText({ page }: ConsoleWindow): Promise<void> {
  expect(await page.locator('img, main script').count()).toBe(0);
  expect(await page.evaluate(TURNING), 'a letter that turns text around is on the page').toBe(false);
  expect(await page.evaluate(WIDER), 'the page is wider than its window').toBe(false);
  expect(await page.title()).toMatch(/^(Dashboard|Events|Map|hostile|gamma) – Understudy$/);
}

async function pairWrongly({ page }: ConsoleWindow, stage: Bootstrap): Promise<void> {
  const alpha = stage.newAgent('alpha');
  await alpha.start();
  const code = (await stage.cli(['agent', 'pairing-code', '--home', alpha.home])).stdout.trim();
  await page.getByRole('button', { name: 'Pair a server…' }).first().click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Address').fill(alpha.address);
  for (const [wrong, said] of [
    ['no code', /is not a pairing code; it has 20 letters and digits/],
    [CODE, /code/],
  ] as const) {
    await dialog.getByLabel('Pairing code').fill(wrong);
    await dialog.getByRole('button', { name: 'Pair', exact: true }).click();
    await dialog.getByRole('alert').filter({ hasText: said }).waitFor();
  }
  expect(readdirSync(profileOf(stage))).not.toContain('servers.json');
  await dialog.getByLabel('Pairing code').fill(code);
  await dialog.getByRole('button', { name: 'Pair', exact: true }).click();
  await dialog.getByText('alpha is paired').waitFor();
  await page.keyboard.press('Escape');
}

async function seesHostile(window: ConsoleWindow): Promise<void> {
  const { page } = window;
  await open('Dashboard')(window);
  await page.getByRole('button', { name: 'hostile', exact: true }).waitFor();
  await isOnlyText(window);
  await readsEndless(window);
  await page.getByRole('button', { name: 'hostile', exact: true }).click();
  await page.getByRole('heading', { level: 1, name: 'hostile' }).waitFor();
  await page.getByText('\\u202egnp.exe\\x07').first().waitFor();
  await isOnlyText(window);
  await window.picture('bad-hostile-job');
  await open('Events')(window);
  await page.getByText(`<script>document.title='taken'</script>\\u202egnp.exe\\x07`).first().waitFor();
  await isOnlyText(window);
  await readsOldest(window, 'gamma/hostile');
  await open('Map')(window);
  await page.getByRole('img', { name: 'Who protects whom' }).waitFor();
  await isOnlyText(window);
  await openServer(window, 'gamma');
  await page.getByText(/Its clock is 2 h ahead of this machine’s/).waitFor();
  await isOnlyText(window);
}

async function openServer(window: ConsoleWindow, name: string): Promise<void> {
  await open('Servers')(window);
  await window.page.getByRole('button', { name, exact: true }).click();
  await window.page.getByRole('heading', { level: 1, name }).waitFor();
}

describe.skipIf(why !== null)('what is not as it should be', () => {
  staged(
    'is said, and shown as it is: profile, code, certificate, version, clock, texts',
    [],
    async (stage) => {
      mkdirSync(profileOf(stage), { recursive: true, mode: 0o700 });
      writeFileSync(join(profileOf(stage), 'servers.json'), '{"version": 1, "servers": [{"na');
      const agents: FakeAgent[] = [];
      const begin = async (agent: Promise<FakeAgent>): Promise<FakeAgent> => {
        agents.push(await agent);
        return await agent;
      };
      try {
        await withConsole(stage, 'bad-input', async (window) => {
          const { page } = window;
          await page.getByText(/servers\.json is damaged .*it is kept as .*servers\.json\.damaged-/).waitFor();
          await pictures(window, 'bad-profile');
          await pairWrongly(window, stage);

          const profile = new Profile(profileOf(stage));
          const gamma = await begin(hostileAgent());
          gamma.code = CODE;
          await pair(profile, { address: gamma.address, code: CODE });
          await seesHostile(window);

          const delta = await begin(FakeAgent.start({ name: 'delta' }));
          delta.code = CODE;
          await pair(profile, { address: delta.address, code: CODE });
          delta.speaks = 'understudy-management/9';
          delta.drop();
          await openServer(window, 'delta');
          await page.getByText('This agent is too old or too new for this console').waitFor();
          await page
            .getByText(/speaks understudy-management\/9; this client speaks understudy-management\/1/)
            .waitFor();
          await pictures(window, 'bad-version');

          await gamma.stop();
          const stranger = await begin(FakeAgent.start({ name: 'gamma', port: gamma.port }));
          await open('Dashboard')(window);
          await page.getByText('gamma is not the server that was paired').waitFor();
          await pictures(window, 'bad-certificate-everywhere');
          await page.getByRole('button', { name: 'Look at it' }).click();
          await page.getByText('This is not the server that was paired').waitFor();
          const said = await page.getByRole('alert').first().textContent();
          expect(said).toContain(gamma.fingerprint);
          expect(said).toContain(stranger.fingerprint);
          expect(stranger.seen).toEqual([]);
          await pictures(window, 'bad-certificate');
          expect(window.complaints).toEqual([]);
        });
      } finally {
        for (const agent of agents) await agent.stop();
      }
    },
    180_000,
  );

  staged(
    'a server that goes in the middle of the wizard is named there, and what was chosen is kept until it is back',
    ['alpha', 'beta'],
    async (stage) => {
      const source = stage.folder('source');
      await withConsole(stage, 'bad-wizard', async (window) => {
        const { page } = window;
        await page.getByRole('button', { name: 'Protect…' }).first().click();
        const dialog = page.getByRole('dialog');
        const next = dialog.getByRole('button', { name: 'Next' });
        await dialog.getByRole('radio', { name: /^alpha/ }).check();
        await stage.agent('alpha').kill();
        await dialog.getByText('not reached').waitFor();
        await next.click();
        await dialog.locator('.us-tree').getByText('alpha is not connected now').waitFor();
        await pictures(window, 'bad-wizard-source-gone');
        await stage.agent('alpha').start();
        await dialog.getByRole('button', { name: 'etc', exact: true }).waitFor();
        await dialog.getByLabel(/^An absolute path/).fill(source);
        await dialog.getByRole('button', { name: 'Add', exact: true }).click();
        await next.click();
        await dialog.getByRole('radio', { name: /^beta/ }).check();
        await dialog.getByLabel('Replica beneath this folder').fill(stage.folder('replica'));
        await dialog.getByLabel('Name of the job').fill('files');
        await next.click();
        await stage.agent('beta').kill();
        await next.click();
        await dialog.locator('[data-check="target"][data-state="error"]').waitFor();
        await dialog.getByText('beta is not connected now').waitFor();
        expect(await dialog.getByRole('button', { name: 'Create and start' }).isDisabled()).toBe(true);
        await window.picture('bad-wizard-target-gone');
        await stage.agent('beta').start();
        await until('the check-list is well again', async () => {
          await dialog.getByRole('button', { name: 'Check again' }).click();
          return (await dialog.locator('[data-check="definition"][data-state="ok"]').count()) === 1;
        });
        await dialog.getByRole('button', { name: 'Create and start' }).click();
        await dialog.getByText('files is protected.').waitFor({ timeout: 60_000 });
      });
    },
    180_000,
  );

  staged(
    'of two consoles at one job the slower one is told what the other has done, and loses nothing',
    ['alpha', 'beta'],
    async (stage) => {
      const job = { name: 'files', source: 'alpha', target: 'beta', include: [stage.folder('source')] };
      await stage.client.protect({ ...job, to: stage.folder('replica'), intercept: 'fuse' });
      await withConsole(stage, 'bad-two-first', async (first) => {
        await withConsole(
          stage,
          'bad-two-second',
          async (second) => {
            for (const one of [first, second]) {
              await openJob(one);
              await openEdit(one);
            }
            await saveCompression(first, 'high');
            await first.page.getByRole('dialog').getByText('Saved.').waitFor();
            await saveCompression(second, 'low');
            await second.page.getByText(/^Somebody else has changed this job meanwhile: Compression\./).waitFor();
            await second.page.getByText('You have changed this, too: Compression.').waitFor();
            await second.page.getByRole('button', { name: 'Drop mine, take it as it is now' }).click();
            await second.page.getByText('Nothing is changed.').waitFor();

            // Whoever was asked to do what has been done already says so.
            const stop = `understudy.invoke('ask', { server: 'alpha', call: 'job.stop', params: { name: 'files' } })`;
            await Promise.all([first, second].map((one) => one.page.evaluate(stop)));
            for (const one of [first, second])
              await one.page.locator('.us-bar .us-state', { hasText: 'stopped' }).waitFor();
            await first.page.keyboard.press('Escape');
            await first.page.getByRole('button', { name: 'What you can do' }).click();
            await first.page.getByRole('menuitem', { name: 'Delete…' }).click();
            await first.page.getByRole('button', { name: 'Yes, delete it' }).click();
            await second.page.getByRole('dialog').getByText('This job is no longer there.').waitFor();
            await second.picture('bad-two-deleted');
          },
          'config-of-another',
        );
      });
    },
    180_000,
  );
});

async function saveCompression({ page }: ConsoleWindow, level: string): Promise<void> {
  const sheet = page.getByRole('dialog');
  await sheet.getByLabel('Compression', { exact: true }).first().click();
  await page.getByRole('option', { name: level }).click();
  await sheet.getByRole('button', { name: 'Save' }).click();
}
