/**
 * bench: the product beside the tools that people use today, all in one run. In: `--only`, `--with`, `--quick`, `--rounds`. Out: a
 * table, and bench/results/DATE.json. Promised: temp folders, free ports and the loopback only; every wait ends; nothing is left
 * behind; a tool that is absent and a row that failed are named with the reason.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { Bootstrap, projectRoot } from '@understudy/e2e';
import type { Contender } from './contenders/contender.ts';
import { lsyncd } from './contenders/lsyncd.ts';
import { syncthing } from './contenders/syncthing.ts';
import { understudy } from './contenders/understudy.ts';
import { unison } from './contenders/unison.ts';
import type { ContenderFigure } from './measure/figure.ts';
import { type Options, parseOptions, UsageError, usage } from './options.ts';
import { tableOf } from './report/table.ts';
import { concerns, figure, type Row, type StageScene } from './rows/row.ts';

const ALL: readonly Contender[] = [understudy, lsyncd, syncthing, unison];

interface Present {
  readonly contender: Contender;
  readonly version: string;
}

function present(wanted: readonly string[] | null): Present[] {
  const found: Present[] = [];
  for (const contender of ALL.filter((one) => wanted === null || wanted.includes(one.name))) {
    const state = contender.available();
    if ('version' in state) found.push({ contender, version: state.version });
    else console.log(`skipped: ${contender.name}: ${state.missing}`);
  }
  return found;
}

/** One row of one contender, on a stage of its own. */
async function measure(row: Row, contender: Contender, options: Options): Promise<ContenderFigure[]> {
  const own = (figures: readonly ReturnType<typeof figure>[]) =>
    figures.map((one) => ({ ...one, contender: contender.name }));
  const stage = await Bootstrap.open();
  try {
    const rounds = (usual: number) => options.rounds ?? usual;
    const scene: StageScene = { contender, stage, sizes: options.sizes, rounds };
    if ('onStage' in row) return own(await row.onStage(scene));
    return own(await row.run({ ...scene, session: await contender.open(stage) }));
  } catch (error) {
    const logs = stage.saveLogs(`bench ${row.id} ${contender.name}`);
    const note = `${error instanceof Error ? error.message.split('\n')[0] : String(error)} (logs: ${logs})`;
    return own([figure(row.id, 'failed', 'count', null, { note })]);
  } finally {
    await stage.close();
  }
}

function save(options: Options, tools: readonly Present[], figures: readonly ContenderFigure[], began: Date): string {
  const folder = join(projectRoot, 'bench', 'results');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${began.toISOString().replaceAll(':', '-').slice(0, 19)}.json`);
  const versions = tools.map(({ contender, version }) => ({
    name: contender.name,
    version,
    carries: contender.carries,
  }));
  writeFileSync(
    path,
    JSON.stringify(
      { began, ended: new Date(), machine: machine(), sizes: options.sizes, tools: versions, figures },
      null,
      2,
    ),
  );
  return path;
}

/**
 * Where the stages are set up. ext4 without a journal steps over every inode that was freed in the last half minute, so that creating files where a
 * stage was just struck takes up to fifteen times as long; below a directory marked T each stage gets a place of its own.
 */
function separatePlaces(): string {
  const place = join(process.env.UNDERSTUDY_E2E_TMP ?? tmpdir(), 'understudy-bench');
  mkdirSync(place, { recursive: true });
  spawnSync('chattr', ['+T', place]);
  process.env.UNDERSTUDY_E2E_TMP = place;
  return place;
}

/** Another run may be using it. */
function removeIfEmpty(place: string): void {
  try {
    rmdirSync(place);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOTEMPTY') throw error;
  }
}

const machine = () => ({
  processors: cpus().length,
  model: cpus()[0]?.model ?? 'unknown',
  memoryMiB: Math.round(totalmem() / 2 ** 20),
  node: process.version,
  load: loadavg(),
});

async function bench(options: Options): Promise<void> {
  const began = new Date();
  const tools = present(options.contenders);
  for (const { contender, version } of tools) console.log(`${contender.name} ${version}: ${contender.carries}`);
  const { processors, memoryMiB, load } = machine();
  const size = options.sizes.quick ? 'QUICK sizes: not to be compared with full ones' : 'full sizes';
  console.log(`${processors} processors, ${memoryMiB} MiB, load ${load[0]?.toFixed(1)} before the run; ${size}`);
  const figures: ContenderFigure[] = [];
  const place = separatePlaces();
  for (const row of options.rows)
    for (const { contender } of tools) {
      if (!concerns(row, contender)) continue;
      const start = performance.now();
      figures.push(...(await measure(row, contender, options)));
      // A run takes long; what was measured stays also where the rest does not come to an end.
      save(options, tools, figures, began);
      console.log(`measured ${row.id} with ${contender.name} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
    }
  removeIfEmpty(place);
  const path = save(options, tools, figures, began);
  const names = tools.map(({ contender }) => contender.name);
  console.log(`\n${tableOf(figures, names).join('\n')}\n\nxN: N times the product's figure. Written to ${path}`);
}

// A stage waits for its reaper without holding the process; somebody has to.
const held = setInterval(() => undefined, 60_000);
try {
  const args = process.argv.slice(2);
  if (args.includes('--help')) console.log(usage());
  else
    await bench(
      parseOptions(
        args,
        ALL.map(({ name }) => name),
      ),
    );
} catch (error) {
  console.error(error instanceof UsageError ? `bench: ${error.message}` : error);
  process.exitCode = error instanceof UsageError ? 2 : 1;
} finally {
  clearInterval(held);
}
