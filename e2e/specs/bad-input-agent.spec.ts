import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { connect as connectTls } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type Bootstrap, ExitCode, refused, residentMiB, sharedStage, staged, until } from '../bootstrap/index.ts';

const { usage, unreachable, agentError } = ExitCode;

function writeConfiguration(stage: Bootstrap, name: string, text: string): string {
  const path = join(stage.homeOf(name), 'agent.yaml');
  mkdirSync(stage.homeOf(name), { recursive: true, mode: 0o700 });
  writeFileSync(path, text);
  return path;
}

const runAgent = (stage: Bootstrap, home: string, ...more: string[]) =>
  stage.cli(['agent', 'run', '--home', home, '--listen', '127.0.0.1:0', ...more], 30_000);

describe('bad input: how an agent starts', () => {
  const stage = sharedStage('bad-input-agent', 'alpha');

  test('a port in use is named', async () => {
    const { address } = stage().agent('alpha');
    const result = await stage().cli(['agent', 'run', '--home', stage().homeOf('second'), '--listen', address], 30_000);
    refused(result, agentError, address.split(':')[1] ?? '', /in use/);
  });

  test('an address that is none', async () => {
    const result = await stage().cli(
      ['agent', 'run', '--home', stage().homeOf('third'), '--listen', 'everywhere'],
      30_000,
    );
    refused(result, usage, 'everywhere');
  });

  test('a home that another agent uses', async () => {
    refused(await runAgent(stage(), stage().homeOf('alpha')), agentError, stage().homeOf('alpha'));
  });

  test('a file where the home directory is meant', async () => {
    const file = join(stage().root, 'a-file');
    writeFileSync(file, '');
    refused(await runAgent(stage(), file), [usage, agentError], file);
  });

  const broken: readonly [string, string, RegExp[]][] = [
    ['truncated', 'queue:\n  memory: 128 MiB\nname: "cut of', [/line 3/]],
    ['unknown', '# mine\nlistne: 127.0.0.1:7320\n', [/line 2/, /listne/]],
    ['nonsense', 'name: fine\nlisten:\n  - a\n', [/line [23]/, /listen/]],
    ['binary', '\u0000\u0001\u0002\n', [/line 1|cannot be read/]],
    ['empty', '', [/empty|line 1/]],
  ];
  test.each(broken)(
    'a configuration file that is %s is refused by its line and left as it is',
    async (name, text, says) => {
      const path = writeConfiguration(stage(), name, text);
      refused(await runAgent(stage(), stage().homeOf(name)), agentError, path, ...says);
      expect(readFileSync(path, 'utf8')).toBe(text);
    },
  );

  test('a configuration file named by hand must exist', async () => {
    const path = join(stage().root, 'nowhere.yaml');
    refused(await runAgent(stage(), stage().homeOf('named'), '--config', path), [usage, agentError], path);
    expect(existsSync(path)).toBe(false);
  });

  test('damaged state is not overwritten', async () => {
    const agent = stage().newAgent('damaged');
    await agent.start();
    await agent.stop();
    const identity = readdirSync(agent.home, { recursive: true, withFileTypes: true }).find(
      (entry) => entry.isFile() && /identity|\.pem|key/.test(entry.name),
    );
    const path = join(identity?.parentPath ?? '', identity?.name ?? '');
    writeFileSync(path, 'cut');
    refused(await runAgent(stage(), agent.home), agentError, dirname(path));
    expect(readFileSync(path, 'utf8')).toBe('cut');
  });
});

describe('bad input: who answers', () => {
  staged(
    'a changed fingerprint is refused by every command, and by pairing again',
    ['alpha', 'beta'],
    async (stage) => {
      const alpha = stage.agent('alpha');
      const before = alpha.fingerprint;
      await alpha.stop();
      rmSync(alpha.home, { recursive: true });
      mkdirSync(alpha.home, { mode: 0o700 });
      await alpha.start();
      expect(alpha.fingerprint).not.toBe(before);

      const to = stage.folder('replica');
      const create = [
        'job',
        'create',
        'x',
        '--source',
        'alpha',
        '--target',
        'beta',
        '--include',
        stage.folder('s'),
        '--to',
        to,
      ];
      refused(await stage.cli(create), unreachable, /fingerprint/);
      const code = (await stage.cli(['agent', 'pairing-code', '--home', alpha.home])).stdout.trim();
      refused(await stage.cli(['pair', alpha.address, '--code', code, '--name', 'alpha']), unreachable, /fingerprint/);
    },
  );

  staged('a server that is down is named as unreachable', ['alpha', 'beta'], async (stage) => {
    const include = stage.folder('source');
    await stage.client.create({
      name: 'lonely',
      source: 'alpha',
      target: 'beta',
      include: [include],
      to: stage.folder('replica'),
    });
    await stage.agent('alpha').stop();
    refused(await stage.cli(['job', 'start', 'lonely']), unreachable, 'alpha');
  });
});

/** Resolves when the other side has closed. */
function throwAt(port: number, bytes: Uint8Array, secured: boolean): Promise<void> {
  return new Promise((resolve) => {
    const socket = secured
      ? connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () => socket.write(bytes))
      : connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.once('close', () => resolve());
  });
}

function logsOf(stage: Bootstrap, name: string): string {
  const folder = join(stage.homeOf(name), 'logs');
  const files = existsSync(folder)
    ? readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile())
    : [];
  const parts = files.map((entry) => readFileSync(join(folder, entry.name), 'utf8'));
  return [readFileSync(join(stage.root, 'logs', `agent-${name}.log`), 'utf8'), ...parts].join('\n');
}

describe('bad input: garbage on the port', () => {
  staged('is closed and logged, costs no memory, and nobody else notices', ['alpha'], async (stage) => {
    const alpha = stage.agent('alpha');
    const port = Number(alpha.address.split(':')[1]);
    const http = (text: string) => Buffer.from(`${text}\r\nHost: x\r\n\r\n`);
    const kinds: [Uint8Array, boolean][] = [
      [randomBytes(65_536), false],
      [http('GET / HTTP/1.1'), false],
      [randomBytes(65_536), true],
      [http('GET /../../etc/passwd HTTP/1.1'), true],
      [
        http('GET /understudy-replication/999 HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: understudy-replication/999'),
        true,
      ],
      [Buffer.alloc(200_000, 'A'), true],
    ];
    const round = () =>
      Promise.all(kinds.flatMap(([bytes, secured]) => Array.from({ length: 20 }, () => throwAt(port, bytes, secured))));
    await round();
    const before = residentMiB(alpha.pid);
    for (let turn = 0; turn < 6; turn += 1) await round();
    await until('memory is back', () => residentMiB(alpha.pid) < before + 48, { timeoutMs: 20_000 });
    expect(alpha.running).toBe(true);
    expect((await stage.cli(['servers', '--json'])).code).toBe(ExitCode.done);
    expect((await stage.cli(['jobs', '--json'])).code).toBe(ExitCode.done);
    const said = logsOf(stage, 'alpha') + (await stage.cli(['events', '--json'])).stdout;
    expect(said).toContain('127.0.0.1');
    // Noise from outside must not fill the disk either.
    expect(said.length).toBeLessThan(2_000_000);
  });

  staged('a protocol of another version is answered with what this agent speaks', ['alpha'], async (stage) => {
    const port = Number(stage.agent('alpha').address.split(':')[1]);
    const ask = (lines: string[]) =>
      new Promise<string>((resolve) => {
        let answer = '';
        const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }, () =>
          socket.write(`${lines.join('\r\n')}\r\n\r\n`),
        );
        socket.on('error', () => undefined);
        socket.setEncoding('utf8').on('data', (text) => {
          answer += text;
        });
        socket.once('close', () => resolve(answer));
      });
    const upgrade = ['Host: x', 'Connection: Upgrade'];
    const replication = await ask([
      'GET /understudy-replication/999 HTTP/1.1',
      ...upgrade,
      'Upgrade: understudy-replication/999',
    ]);
    expect(replication).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(replication).toContain('understudy-replication/4');
    const management = await ask(['GET /understudy-management/999 HTTP/1.1', ...upgrade, 'Upgrade: websocket']);
    expect(management).toMatch(/^HTTP\/1\.1 4\d\d /);
    expect(management).toContain('understudy-management/1');
  });
});
