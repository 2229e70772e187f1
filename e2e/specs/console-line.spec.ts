/**
 * Two servers with a slow line between them, and a console that reaches the target by the same line. In: a folder that somebody writes into
 * all the time. Out: what a person sees of the first copy, of a line that is pulled and put back, of a failover that is tried, and of the events.
 */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { must } from '@understudy/base';
import { describe, expect } from 'vitest';
import {
  type Bootstrap,
  Cable,
  ExitCode,
  goesOn,
  type Load,
  replicaOf,
  staged,
  startLoad,
  treeDifferences,
  whyNoConsole,
  whyNoFuse,
  withConsole,
} from '../bootstrap/index.ts';
import { pairBy } from '../pages/console.ts';
import { atStake, filtersEvents, seesLineBack, seesLineGone, triesFailover, watchesFirstCopy } from '../pages/line.ts';
import { createBy } from '../pages/wizard.ts';

const why = whyNoConsole() ?? whyNoFuse();
if (why !== null) console.warn(`SKIPPED a console and a line that is pulled: ${why}`);

const DELAY_MS = 160;
const FILES = 40;
const FILE_BYTES = 2 * 1024 * 1024;

/** A lost line is noticed sooner than is usual. */
function noticeSoon(stage: Bootstrap, name: string): void {
  mkdirSync(stage.homeOf(name), { recursive: true, mode: 0o700 });
  writeFileSync(join(stage.homeOf(name), 'agent.yaml'), 'replication:\n  ping: 300ms\n  dead: 2000ms\n');
}

/** What a failover would start: it serves where what was copied first is there. */
async function nameService(stage: Bootstrap, file: string): Promise<void> {
  const section = join(stage.root, 'failover.yaml');
  const check = `[/usr/bin/test, -s, ${file}]`;
  writeFileSync(section, `services:\n  - { name: reader, start: [/bin/true], stop: [/bin/true], check: ${check} }\n`);
  const edited = await stage.cli(['job', 'edit', 'files', '--failover-file', section]);
  expect(edited.code, edited.stderr).toBe(ExitCode.done);
  // The target hears of it with the next greeting.
  await stage.client.reach('files', 'protected');
}

describe.skipIf(why !== null)('a console in front of a line that is slow, and not always there', () => {
  staged(
    'shows the first copy while somebody writes, the line that is pulled and put back, a failover that is tried, and the events',
    [],
    async (stage) => {
      const folders = { source: stage.folder('source', 'files'), to: stage.folder('replica') };
      for (let i = 0; i < FILES; i += 1) writeFileSync(join(folders.source, `large${i}`), randomBytes(FILE_BYTES));
      for (const name of ['alpha', 'beta']) noticeSoon(stage, name);
      await withConsole(stage, 'line', async (window) => {
        await pairBy(window, stage, 'alpha');
        let cable: Cable | undefined;
        await pairBy(window, stage, 'beta', async (address) => {
          cable = await Cable.open(stage, address, { delayMs: DELAY_MS, lost: 0, breaking: 0 });
          return cable.address;
        });
        await createBy(window, folders);
        const mixed = stage.folder('source', 'files', 'mixed');
        const loads: Load[] = [];
        // What was open for writing before would write past the interceptor: the job would not begin.
        const begun = (): void => void loads.push(startLoad('mixed', [mixed, '--pace-us', '40000'], stage.env));
        expect((await watchesFirstCopy(window, begun)).length).toBeGreaterThan(2);
        const load = must(loads[0], 'somebody writes');
        await goesOn(load, 'the first copy');
        expect((await atStake(window)).ageMs).toBeLessThan(3000);

        cable?.pull();
        await seesLineGone(window);
        await goesOn(load, 'the line was pulled');
        cable?.plugIn();
        await seesLineBack(window);
        await nameService(stage, join(folders.source, 'large0'));
        await triesFailover(window);

        await load.stop();
        await stage.client.flush('files');
        expect(await treeDifferences(folders.source, replicaOf(folders.to, folders.source))).toEqual([]);
        await window.page.getByText('Everything that was captured is on the target.').waitFor();
        await filtersEvents(window);
        expect(window.complaints).toEqual([]);
      });
    },
    600_000,
  );
});
