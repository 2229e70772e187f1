import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ExitCode, elapse, refused, sharedStage } from '../bootstrap/index.ts';

const { usage, unreachable, timedOut, agentError } = ExitCode;

/** Right in form, wrong in every digit. */
const WRONG_CODE = 'ZZZZZ-ZZZZZ-ZZZZZ-ZZZZZ';

describe('bad input: commands', () => {
  const stage = sharedStage('bad-input-commands', 'alpha', 'beta');

  const create = (name: string, ...more: string[]) =>
    stage().cli([
      'job',
      'create',
      name,
      '--source',
      'alpha',
      '--target',
      'beta',
      '--to',
      stage().folder('replica', name),
      ...more,
    ]);

  test('an unknown server is named, with those that are known', async () => {
    const args = ['job', 'create', 'x', '--source', 'alhpa', '--target', 'beta', '--include', stage().folder('s')];
    refused(await stage().cli(args), usage, 'alhpa', 'alpha');
  });

  test('an unknown job is named', async () => {
    for (const args of [
      ['status', 'no-such'],
      ['job', 'start', 'no-such'],
      ['flush', 'no-such'],
      ['verify', 'no-such'],
    ])
      refused(await stage().cli(args), [usage, agentError], 'no-such');
  });

  test('a missing argument, an unknown option and an unknown command are usage errors with advice', async () => {
    refused(await stage().cli(['job', 'create', 'x', '--source', 'alpha']), usage, /--target|--include/);
    refused(await stage().cli(['status', 'x', '--jsno']), usage, '--jsno');
    refused(await stage().cli(['stauts', 'x']), usage, 'stauts');
    refused(
      await stage().cli(['job', 'create', 'bad/name', '--source', 'alpha', '--target', 'beta', '--include', '/srv']),
      usage,
      'bad/name',
    );
  });

  test('values that make no sense are refused with what would', async () => {
    refused(await stage().cli(['wait', 'x', '--until', 'happy']), usage, 'happy', 'protected');
    refused(await stage().cli(['wait', 'x', '--until', 'protected', '--timeout', 'soon']), usage, 'soon');
    refused(await create('relative', '--include', 'some/relative/path'), usage, 'some/relative/path', /absolute/);
    refused(
      await create('intercept', '--include', stage().folder('s'), '--intercept', 'magic'),
      usage,
      'magic',
      /fuse/,
    );
  });

  test('what this version does not know is refused by name, never ignored', async () => {
    refused(await stage().cli(['restore', 'x', '--newer-only']), usage, '--newer-only');
  });

  test('a rule for a path that does not exist yet is accepted and says so', async () => {
    const path = join(stage().folder('s'), 'not-there-yet');
    const result = await create('early', '--include', path);
    expect(result.code, result.stderr).toBe(ExitCode.done);
    expect(result.stdout + result.stderr).toMatch(/does not exist/);
    expect(result.stdout + result.stderr).toContain(path);
  });

  test('a name that is taken is refused', async () => {
    const include = ['--include', stage().folder('s')];
    expect((await create('taken', ...include)).code).toBe(ExitCode.done);
    refused(await create('taken', ...include), [usage, agentError], 'taken');
    const code = (await stage().cli(['agent', 'pairing-code', '--home', stage().homeOf('alpha')])).stdout.trim();
    refused(
      await stage().cli(['pair', stage().agent('alpha').address, '--code', code, '--name', 'beta']),
      [usage, unreachable],
      'beta',
    );
  });

  test('waiting for what does not come ends with its own exit code', async () => {
    await create('waits', '--include', stage().folder('s'));
    refused(
      await stage().cli(['wait', 'waits', '--until', 'failed-over', '--timeout', '1s']),
      timedOut,
      'waits',
      /failed-over/,
    );
  });

  test('a port where nobody listens, and one where something else does, are told apart', async () => {
    const mute = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.resume().end('220 mail.example ESMTP\r\n');
    });
    const port = await new Promise<number>((resolve) => {
      mute.listen(0, '127.0.0.1', () => resolve((mute.address() as { port: number }).port));
    });
    refused(await stage().cli(['pair', `127.0.0.1:${port}`, '--code', WRONG_CODE]), unreachable, String(port));
    await new Promise((resolve) => mute.close(resolve));
    refused(await stage().cli(['pair', `127.0.0.1:${port}`, '--code', WRONG_CODE]), unreachable, String(port));
    refused(await stage().cli(['pair', 'no port here', '--code', WRONG_CODE]), usage);
  });

  describe('pairing codes', () => {
    const newCode = async (...more: string[]) =>
      (await stage().cli(['agent', 'pairing-code', '--home', stage().homeOf('alpha'), ...more])).stdout.trim();
    const pairAs = (profile: string, code: string) =>
      stage().cli([
        'pair',
        stage().agent('alpha').address,
        '--code',
        code,
        '--profile',
        stage().folder('profiles', profile),
      ]);

    test('a wrong code, and one that is no code at all', async () => {
      refused(await pairAs('wrong', WRONG_CODE), unreachable, /code/);
      refused(await pairAs('wrong', 'hello'), [usage, unreachable], /code/);
    });

    test('a code works once', async () => {
      const code = await newCode();
      expect((await pairAs('once', code)).code).toBe(ExitCode.done);
      refused(await pairAs('twice', code), unreachable, /code/);
    });

    test('a code ends after its time', async () => {
      const code = await newCode('--ttl', '1s');
      await elapse(1200);
      refused(await pairAs('late', code), unreachable, /code/);
    });

    test('five wrong tries end a code', async () => {
      const code = await newCode();
      for (let wrong = 0; wrong < 5; wrong += 1) refused(await pairAs('guessing', WRONG_CODE), unreachable, /code/);
      refused(await pairAs('guessing', code), unreachable, /code/);
      // A new one works at once: guessing locks nobody out.
      expect((await pairAs('guessing', await newCode())).code).toBe(ExitCode.done);
    });

    test('a client that is not paired is not let in', async () => {
      const result = await stage().cli(['status', 'taken', '--profile', stage().folder('profiles', 'stranger')]);
      refused(result, [usage, unreachable], /pair/);
    });
  });
});
