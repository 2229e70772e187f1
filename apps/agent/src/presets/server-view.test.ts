import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { matchesOf } from './places.ts';
import { openPresets } from './presets.ts';
import { thisServer } from './server-view.ts';
import { sizeOf } from './set-size.ts';

const folders: string[] = [];
function folder(): string {
  const path = mkdtempSync(join(tmpdir(), 'understudy-presets-'));
  folders.push(path);
  return path;
}
afterEach(() => {
  for (const path of folders.splice(0)) rmSync(path, { recursive: true, force: true });
});

describe('this server', () => {
  it('shows places, links and texts, and what is not there as nothing', () => {
    const at = folder();
    writeFileSync(Buffer.from(`${at}/caf\xe9.conf`, 'latin1'), 'x');
    symlinkSync(at, join(at, 'link'));
    expect(matchesOf(thisServer, `${at}/*.conf`)).toEqual([{ path: `${at}/caf\xe9.conf`, parts: ['caf\xe9'] }]);
    expect(thisServer.read(`${at}/caf\xe9.conf`)).toBe('x');
    expect([thisServer.kind(`${at}/link`), thisServer.canonical(`${at}/link`)]).toEqual(['link', at]);
    expect([thisServer.read(`${at}/none`), thisServer.names(`${at}/none`), thisServer.kind(`${at}/none`)]).toEqual([
      null,
      [],
      null,
    ]);
  });

  it('waits at no pipe that a configuration names, and reads no device', () => {
    const pipe = join(folder(), 'pipe');
    execFileSync('mkfifo', [pipe]);
    expect([thisServer.read(pipe), thisServer.read('/dev/zero')]).toEqual([null, null]);
  });

  it('asks programs, and bears with those that are not there', async () => {
    expect(await thisServer.ask(['/bin/sh', '-c', 'echo one; echo two >&2; exit 3'])).toBe('one\ntwo\n');
    expect(await thisServer.ask(['/no/such/program'])).toBeNull();
  });

  it('names who listens on a port', async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) =>
      server.listen(0, '127.0.0.1', () => {
        const address = server.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      }),
    );
    try {
      const listener = thisServer.listeners().find((each) => each.port === port);
      expect(listener).toMatchObject({ protocol: 'tcp', by: expect.stringContaining(`process ${process.pid} (`) });
    } finally {
      server.close();
    }
  });

  it('counts a set with its owners, names of any bytes too, and stops in time', async () => {
    const at = folder();
    writeFileSync(Buffer.from(`${at}/\xff`, 'latin1'), Buffer.alloc(100_000, 1));
    const size = await sizeOf([at]);
    expect(size.bytes).toBeGreaterThanOrEqual(100_000);
    expect(size).toMatchObject({ counted: true, users: new Set([process.getuid?.()]) });
    expect((await sizeOf([at], -1)).counted).toBe(false);
  });

  it('can be looked through for every preset', () => {
    for (const preset of openPresets().list()) expect(preset.include.length).toBeGreaterThan(0);
  });
});
