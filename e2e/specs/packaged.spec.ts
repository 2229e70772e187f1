/**
 * The packages of the console as they are handed out: made by `npm run package`, installed as an administrator would, started as an ordinary
 * user with every wall up, and used. Takes minutes, and a Debian mirror for the deb: with UNDERSTUDY_E2E_FULL=1 alone.
 */
import { chownSync, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { STAGE_VARIABLE } from '../bootstrap/bootstrap.ts';
import { program } from '../bootstrap/console-window.ts';
import { DebianTree, whyNoDebianTree } from '../bootstrap/debian-tree.ts';
import { type Display, openDisplay } from '../bootstrap/display.ts';
import { type Bootstrap, fullSize, projectRoot, run, staged, succeeded, whyNoConsole } from '../bootstrap/index.ts';
import { PackagedConsole } from '../bootstrap/packaged-console.ts';
import { descendantsOf, isConfined } from '../bootstrap/processes.ts';
import { pairBy } from '../pages/console.ts';

const OUTPUT = join(projectRoot, 'build', 'packages');
const INSPECT = join(projectRoot, 'tools', 'package', 'inspect.mjs');
const NAME = 'understudy-console';
/** nobody and nogroup, on every Linux. */
const NOBODY = 65_534;

interface Packages {
  readonly version: string;
  readonly electron: { readonly forTests: boolean; readonly version: string };
  readonly folder: string;
  readonly packages: readonly { readonly kind: string; readonly file: string; readonly bytes: number }[];
  readonly notMade: readonly { readonly kind: string; readonly why: string }[];
}

const read = (): Packages => JSON.parse(readFileSync(join(OUTPUT, 'packages.json'), 'utf8')) as Packages;

function fileOf(kind: string): string {
  const { packages, notMade } = read();
  const file = packages.find((one) => one.kind === kind)?.file;
  if (file === undefined) throw new Error(`no ${kind}: ${notMade.find((one) => one.kind === kind)?.why}`);
  return join(OUTPUT, file);
}

const why =
  (fullSize ? null : 'UNDERSTUDY_E2E_FULL=1 runs it') ??
  whyNoConsole() ??
  (process.getuid?.() === 0 ? null : 'as root it can become somebody else; run the tests as root');
if (why !== null) console.warn(`SKIPPED the packages of the console: ${why}`);

/** A home of their own for whoever starts the console. */
function homeOf(stage: Bootstrap, folder: string, id: number): NodeJS.ProcessEnv {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  chownSync(folder, id, id);
  const { PATH = '' } = process.env;
  return { PATH, HOME: folder, LANG: 'C.UTF-8', TZ: 'UTC', [STAGE_VARIABLE]: stage.root };
}

/** First run, a server is paired, the window is closed and opened again, and the server is still known. */
async function useTwice(stage: Bootstrap, start: () => Promise<PackagedConsole>, picture: string): Promise<void> {
  const first = await start();
  await first.page.getByText('Two servers, one standing by').waitFor();
  await first.picture(`${picture}-first-run`);
  const windows = descendantsOf(first.pid).filter(({ command }) => command.includes('--type=renderer'));
  expect(windows.length, 'processes of the window').toBeGreaterThan(0);
  for (const { pid, command } of windows) {
    expect(command).not.toContain('--no-sandbox');
    expect(isConfined(pid), 'the window’s system calls are filtered').toBe(true);
  }
  await pairBy(first, stage, 'alpha');
  await first.picture(`${picture}-paired`);
  expect(first.complaints).toEqual([]);
  await first.close();

  const second = await start();
  await second.page.getByRole('button', { name: 'Servers' }).first().waitFor();
  await second.page.getByText('alpha', { exact: true }).first().waitFor();
  expect(await second.page.getByText('Two servers, one standing by').count()).toBe(0);
  await second.close();
}

async function withDisplay(body: (display: Display) => Promise<void>): Promise<void> {
  const display = await openDisplay();
  try {
    await body(display);
  } finally {
    await display.close();
  }
}

describe.skipIf(why !== null)('the packages of the console', () => {
  beforeAll(async () => {
    // For whoever works on what is below; what is tested otherwise is what the sources give today.
    if (process.env.UNDERSTUDY_E2E_PACKAGES === 'keep') return;
    const made = await run(process.execPath, [join(projectRoot, 'tools', 'package.mjs')], {
      env: process.env,
      timeoutMs: 900_000,
    });
    console.log(succeeded(made).stdout);
  }, 900_000);

  test('are what this machine can make; for the others it is told why not, and what is for tests says so', async () => {
    const { packages, notMade, version, electron } = read();
    expect(packages.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['tar.gz', 'deb', 'rpm']));
    expect([...packages, ...notMade].map(({ kind }) => kind).sort()).toEqual(
      ['AppImage', 'deb', 'dmg', 'nsis', 'rpm', 'tar.gz'].sort(),
    );
    for (const { why } of notMade) expect(why.length).toBeGreaterThan(10);
    expect(version.includes('for-tests')).toBe(electron.forTests);
    for (const { file, bytes } of packages) {
      expect(/for.tests/.test(file), file).toBe(electron.forTests);
      expect(bytes, file).toBeGreaterThan(50_000_000);
    }
    succeeded(await run('sha256sum', ['--check', 'SHA256SUMS'], { env: process.env, cwd: OUTPUT }));
  });

  test('hold a program that cannot be made to run anything else', async () => {
    const packaged = join(OUTPUT, read().folder, NAME);
    const plain = program() ?? '';
    const inspected = (path: string) =>
      run(process.execPath, [INSPECT, dirname(path), basename(path)], { env: process.env });
    expect(succeeded(await inspected(packaged)).stdout).toBe('');
    expect((await inspected(plain)).stdout).toContain('the fuse RunAsNode is true and has to be false');
    const ran = async (path: string): Promise<string[]> => {
      const env = { PATH: process.env.PATH, HOME: '/nonexistent', DISPLAY: '' };
      const word = "process.stdout.write('it ' + 'ran')";
      const asNode = await run(path, ['-e', word], {
        env: { ...env, ELECTRON_RUN_AS_NODE: '1' },
        timeoutMs: 20_000,
      });
      return asNode.stdout.includes('it ran') ? ['as Node'] : [];
    };
    expect(await ran(plain), 'as Electron is delivered').toEqual(['as Node']);
    expect(await ran(packaged)).toEqual([]);
  });

  staged(
    'tar.gz: unpacked and started by an ordinary user',
    [],
    async (stage) => {
      const place = stage.folder('unpacked');
      succeeded(
        await run('tar', ['-xzf', fileOf('tar.gz'), '-C', place, '--strip-components=1'], { env: process.env }),
      );
      await withDisplay(async (display) => {
        const env = { ...homeOf(stage, join(stage.root, 'person'), NOBODY), DISPLAY: display.name };
        const person = ['setpriv', `--reuid=${NOBODY}`, `--regid=${NOBODY}`, '--clear-groups'];
        await useTwice(stage, () => PackagedConsole.start([...person, join(place, NAME)], env), 'packaged-tar');
      });
    },
    300_000,
  );

  const whyNoTree = whyNoDebianTree();
  if (whyNoTree !== null) console.warn(`SKIPPED the deb in a fresh Debian: ${whyNoTree}`);
  describe.skipIf(whyNoTree !== null).each(['bookworm', 'trixie'])('deb, in a fresh Debian %s', (release) => {
    staged(
      'is installed with what it depends on, started by an ordinary user, and removed without a trace',
      [],
      async (stage) => {
        const tree = await DebianTree.make(join(stage.root, 'debian'), release);
        succeeded(await tree.install(fileOf('deb')));
        expect(succeeded(await tree.run(['dpkg', '--verify', NAME])).stdout).toBe('');
        const linked = succeeded(await tree.run(['ldd', `/opt/${NAME}/${NAME}`])).stdout;
        expect(linked).toContain('libgtk-3.so.0');
        expect(linked).not.toContain('not found');
        succeeded(await tree.run(['useradd', '--create-home', '--uid', '1500', 'user']));
        await withDisplay(async (display) => {
          const inTree = [...tree.enter('--userspec=1500:1500'), NAME];
          const env = { ...homeOf(stage, join(tree.folder, 'home', 'user'), 1500), DISPLAY: display.name };
          const start = () => PackagedConsole.start(inTree, { ...env, HOME: '/home/user' });
          await useTwice(stage, start, `packaged-deb-${release}`);
        });
        succeeded(await tree.run(['apt-get', 'purge', '--yes', NAME]));
        for (const path of [`opt/${NAME}`, `usr/bin/${NAME}`, `usr/share/doc/${NAME}`])
          expect(existsSync(join(tree.folder, path)), path).toBe(false);
      },
      900_000,
    );
  });
});
