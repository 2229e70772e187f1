/** The DNS update against a real name server, bind9, with a signed zone of its own on a port of its own. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dnsSchema } from '@understudy/wire';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { runCommand } from '../run-command.ts';
import { findTool } from '../tools.ts';
import { updateDns } from './dns.ts';
import type { StepContext } from './step.ts';

const missing = ['named', 'tsig-keygen', 'nsupdate', 'dig'].filter((name) => findTool(name) === null);
if (missing.length > 0)
  console.warn(`SKIPPED DNS updates against bind9: ${missing.join(', ')} not installed (bind9, bind9-dnsutils)`);

const ZONE = `$TTL 60
@ IN SOA ns hostmaster 1 60 60 60 60
@ IN NS ns
ns IN A 127.0.0.1
db IN A 192.0.2.10
`;

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

describe.skipIf(missing.length > 0)('a DNS update at a failover', () => {
  const top = mkdtempSync(join(tmpdir(), 'understudy-dns-'));
  let named: ChildProcess;
  let port: number;
  const key = join(top, 'key');
  const ask = (name: string) => {
    const args = ['@127.0.0.1', '-p', String(port), '+short', '+time=1', '+tries=1', `${name}.example.test`, 'A'];
    return execFileSync(findTool('dig') ?? '', args, { encoding: 'utf8' }).trim();
  };
  const context = {
    run: (command: readonly string[], options: { timeoutMs: number; input?: string }) =>
      runCommand(command, { ...options, output: join(top, 'output') }),
  } as unknown as StepContext;
  const update = (more: object = {}) =>
    dnsSchema.parse({
      server: '127.0.0.1',
      port,
      zone: 'example.test',
      keyFile: key,
      records: [{ name: 'db.example.test', type: 'A', value: '192.0.2.20', back: '192.0.2.10', ttlSeconds: 5 }],
      timeoutMs: 5000,
      ...more,
    });

  beforeAll(async () => {
    port = await freePort();
    writeFileSync(key, execFileSync(findTool('tsig-keygen') ?? '', ['understudy']));
    writeFileSync(join(top, 'zone'), ZONE);
    const options = `directory "${top}"; pid-file none; session-keyfile none; recursion no; dnssec-validation no; listen-on-v6 { none; }; listen-on port ${port} { 127.0.0.1; };`;
    const zone = `zone "example.test" { type primary; file "${join(top, 'zone')}"; allow-update { key understudy; }; };`;
    writeFileSync(join(top, 'conf'), `include "${key}";\ncontrols { };\noptions { ${options} };\n${zone}\n`);
    named = spawn(findTool('named') ?? '', ['-g', '-n', '1', '-c', join(top, 'conf')], { stdio: 'ignore' });
    await vi.waitFor(() => expect(ask('db')).toBe('192.0.2.10'), { timeout: 20_000, interval: 100 });
  });
  afterAll(async () => {
    const ended = new Promise((resolve) => named.once('exit', resolve));
    named.kill('SIGKILL');
    await ended;
    rmSync(top, { recursive: true, force: true });
  });

  it('points the record at this server, may be done again, and points it back', async () => {
    expect(await updateDns(update(), context, 'there')).toBe('db.example.test A at 127.0.0.1');
    await updateDns(update(), context, 'there');
    expect(ask('db')).toBe('192.0.2.20');
    await updateDns(update(), context, 'back');
    expect(ask('db')).toBe('192.0.2.10');
  });

  it('is refused with the name server’s own word where the key is missing or the zone another', async () => {
    const unsigned = update({ keyFile: undefined });
    await expect(updateDns(unsigned, context, 'there')).rejects.toThrow(/did not take the update.*REFUSED/);
    await expect(updateDns(update({ zone: 'example.org' }), context, 'there')).rejects.toThrow(/example\.org/);
    expect(ask('db')).toBe('192.0.2.10');
  });
});
