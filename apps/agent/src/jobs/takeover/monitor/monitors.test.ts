import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Monitor, monitorSchema, NO_FAILOVER_OPTIONS } from '@understudy/wire';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ReplicaJob } from '../replica-job.ts';
import { runCommand } from '../run-command.ts';
import { findTool } from '../tools.ts';
import { Monitors } from './monitors.ts';

const job = {
  id: 'j',
  name: 'files',
  source: 'alpha',
  target: 'beta',
  failover: NO_FAILOVER_OPTIONS,
} as unknown as ReplicaJob;

if (findTool('ping') === null) console.warn('SKIPPED the monitor by ICMP: ping is not installed (iputils-ping)');

describe('the monitor of a source', () => {
  let server: Server;
  let port: number;
  let events: string[];
  let lights: string[];
  let now: number;
  let monitors: Monitors;
  let monitor: Monitor;
  let silentMs: number | null;
  let top: string;

  beforeEach(async () => {
    top = mkdtempSync(join(tmpdir(), 'understudy-monitor-'));
    server = createServer((socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as { port: number }).port;
    events = [];
    lights = [];
    now = 0;
    silentMs = null;
    monitor = monitorSchema.parse({
      agent: false,
      tcp: [port],
      addresses: ['127.0.0.1'],
      intervalMs: 1000,
      failures: 4,
    });
    monitors = new Monitors({
      jobs: () => [{ job, monitor, silentMs: () => silentMs, agents: [`127.0.0.1:${port}`] }],
      run: runCommand,
      outputOf: (name) => join(top, name),
      event: ({ code }) => events.push(code),
      looked: (_job, light) => {
        if (lights.at(-1) !== light) lights.push(light);
      },
      nowMs: () => now,
    });
  });
  afterEach(async () => {
    monitors.close();
    await new Promise((resolve) => server.close(resolve));
    rmSync(top, { recursive: true, force: true });
  });

  const shut = () => new Promise((resolve) => server.close(resolve));
  /** In steps in which a process that runs would have looked. */
  const pass = (ms: number) => {
    for (let left = ms; left > 0; left -= 500) {
      now += Math.min(500, left);
      monitors.look();
    }
  };
  const said = () => monitors.statusOf('j')?.addresses[0]?.sentence;

  it('is green while a port answers; then the countdown runs, and a person is told, once', async () => {
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe(`port ${port} answers`));
    expect(monitors.statusOf('j')).toMatchObject({ light: 'green', msLeft: 4000, timeToFailMs: 4000 });
    await shut();
    pass(1000);
    await vi.waitFor(() => expect(said()).toBe(`port ${port} is silent`));
    pass(1000);
    expect(monitors.statusOf('j')?.light).toBe('yellow');
    expect(events).toEqual(['source-silent']);
    pass(3000);
    expect(monitors.statusOf('j')).toMatchObject({ light: 'red', msLeft: 0 });
    expect(events).toEqual(['source-silent', 'source-failed']);
    expect(lights).toEqual(['green', 'yellow', 'red']);
  });

  it('does not hold it against the source that this agent stood still', () => {
    monitors.look();
    now += 3_600_000;
    monitors.look();
    expect([events, lights]).toEqual([[], ['green']]);
  });

  it('takes the link for an answer of the agent, and a script that exits 0', async () => {
    silentMs = 50;
    monitor = monitorSchema.parse({ addresses: ['192.0.2.1'], script: { path: '/bin/false' }, intervalMs: 200 });
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe('its agent answers, /bin/false is silent'));
    expect(monitors.statusOf('j')?.addresses[0]?.lastAnswer).not.toBeNull();
    monitor = { ...monitor, answers: 'all' };
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe('its agent answers, /bin/false is silent'));
    expect(monitors.statusOf('j')?.addresses[0]?.lastAnswer).toBeNull();
  });

  it('a link that is quiet between two pings is no reason for a warning: its port is asked as well', async () => {
    monitor = monitorSchema.parse({ addresses: ['127.0.0.1'], intervalMs: 1000, failures: 4 });
    silentMs = 900;
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe('its agent answers'));
    pass(1000);
    await vi.waitFor(() => expect(monitors.statusOf('j')?.msLeft).toBe(4000));
    expect(events).toEqual([]);
  });

  it('a link that stands and says nothing is no answer: the source is red while its link still counts as up', async () => {
    await shut();
    monitor = monitorSchema.parse({ addresses: ['127.0.0.1'], intervalMs: 1000, failures: 3 });
    silentMs = 700;
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe('its agent answers'));
    pass(1000);
    // Counted from when it was heard, not from when it was looked at.
    await vi.waitFor(() => expect(monitors.statusOf('j')?.msLeft).toBe(2300));
    silentMs = 1700;
    pass(1000);
    await vi.waitFor(() => expect(said()).toBe('its agent is silent'));
    expect(lights.at(-1)).not.toBe('red');
    pass(1500);
    expect(lights.at(-1)).toBe('red');
  });

  it.skipIf(findTool('ping') === null)('asks by the system’s ping', async () => {
    monitor = monitorSchema.parse({
      agent: false,
      icmp: true,
      addresses: ['127.0.0.1', '192.0.2.255'],
      intervalMs: 500,
    });
    monitors.look();
    const sentences = () => monitors.statusOf('j')?.addresses.map(({ sentence }) => sentence);
    await vi.waitFor(() => expect(sentences()).toEqual(['ping answers', 'ping is silent']), { timeout: 10_000 });
  });

  it('asks where the agent is known to be, where nobody says an address', async () => {
    monitor = monitorSchema.parse({ intervalMs: 1000 });
    monitors.look();
    await vi.waitFor(() => expect(said()).toBe('its agent answers'));
    expect(monitors.statusOf('j')?.addresses[0]?.address).toBe('127.0.0.1');
  });
});
