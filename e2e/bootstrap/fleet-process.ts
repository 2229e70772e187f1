/**
 * A process full of simulated agents. In: how many, over the channel of the process that started it. Out: where they listen, who they are,
 * and statuses at the pace that is asked for. Each has a certificate, a port, pairing and the whole management protocol of its own; what it
 * tells of its jobs is made up.
 */
import { FakeAgent, statusOf } from '@understudy/sdk/testing';
import type { JobStatus } from '@understudy/wire';
import type { FleetOrder, FleetSize, FleetWord } from './fleet.ts';

const CODE = 'AAAAA-AAAAA-AAAAA-AAAAA';

interface Job {
  readonly agent: FakeAgent;
  status: JobStatus;
}

const jobs: Job[] = [];
let timer: NodeJS.Timeout | undefined;
const say = (word: FleetWord): void => void process.send?.(word);

/** As a real one tells it of a job that is well and has something to do. */
function firstStatus(name: string, source: string, target: string): JobStatus {
  return statusOf({
    ...{ name, source, target, epoch: 1, unrepairable: 0, mode: 'async' as const },
    actions: ['pause', 'stop', 'mirror', 'verify', 'flush', 'edit'],
    transmission: { compression: 'none', limit: null },
    targetWrites: { state: 'refused', sentence: '' },
    targetQueue: { operations: 0, bytes: 0, oldest: null },
  });
}

/** A second later: the recovery point has moved, and so have the figures. */
function later(status: JobStatus): JobStatus {
  const { recoveryPoint, replication } = status;
  const now = new Date().toISOString();
  const sent = replication.sentBytes + Math.floor(Math.random() * 100_000);
  return {
    ...status,
    replication: {
      ...replication,
      ...{ sentBytes: sent, sentCompressedBytes: sent, queuedOperations: Math.floor(Math.random() * 50) },
      queuedBytes: Math.floor(Math.random() * 100_000),
    },
    recoveryPoint: {
      time: now,
      latencyMs: Math.floor(Math.random() * 40),
      position: String(Number(recoveryPoint.position) + 100),
    },
    audit: { lastSeen: now, ageMs: 12, begins: 'kernel', hop: null },
  };
}

const tell = ({ agent, status }: Job): void => agent.push('job-status', { name: status.name, status });

async function begin({ servers, jobsEach }: FleetSize): Promise<void> {
  const names = Array.from({ length: servers }, (_, i) => `server${String(i + 1).padStart(3, '0')}`);
  const told: Extract<FleetWord, { word: 'ready' }>['agents'][number][] = [];
  for (const [index, name] of names.entries()) {
    const target = names[(index + 1) % servers] ?? name;
    const own: Job[] = [];
    const agent: FakeAgent = await FakeAgent.start({
      name,
      answers: {
        'agent.info': () => ({
          ...{ name, version: '0.1.0', fingerprint: agent.fingerprint, role: 'admin' },
          protocols: { management: [], replication: [] },
          details: {
            ...{ pid: process.pid, home: '/var/lib/understudy', listen: agent.address, residentBytes: 90_000_000 },
            ...{ startedAt: new Date(Date.now() - process.uptime() * 1000).toISOString() },
            uptimeMs: process.uptime() * 1000,
          },
        }),
        'job.list': () => ({ jobs: own.map(({ status }) => ({ status, definition: definitionOf(status) })) }),
        'events.list': () => ({ events: [], last: 0 }),
      },
    });
    for (let job = 1; job <= jobsEach; job += 1)
      own.push({ agent, status: firstStatus(`${name}-job${job}`, name, target) });
    jobs.push(...own);
    agent.code = CODE;
    told.push({ name, address: agent.address, code: CODE });
  }
  say({ word: 'ready', agents: told });
}

const definitionOf = ({ name }: JobStatus) => ({
  name,
  target: { name: 'target', address: 'target:7320', fingerprint: 'b'.repeat(64) },
  include: [{ text: '/srv', bytes: 'L3Nydg==' }],
});

/** Every job once in that time, spread over it as agents that know nothing of each other are. */
function pace(everyMs: number | null): void {
  clearInterval(timer);
  if (everyMs === null) return;
  const began = performance.now();
  let told = 0;
  timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / everyMs) * jobs.length);
    for (; told < due; told += 1) {
      const job = jobs[told % jobs.length];
      if (job === undefined) return;
      job.status = later(job.status);
      tell(job);
    }
    say({ word: 'told', count: told });
  }, 10);
}

function obey(order: FleetOrder): void {
  if (order.order === 'begin') void begin(order.size);
  else if (order.order === 'pace') pace(order.everyMs);
  else {
    const job = jobs.find(({ status }) => status.name === order.job);
    if (job === undefined) throw new Error(`there is no job ${order.job}`);
    job.status = { ...job.status, ...order.changes };
    tell(job);
  }
}

process.on('message', obey);
process.on('disconnect', () => process.exit(0));
