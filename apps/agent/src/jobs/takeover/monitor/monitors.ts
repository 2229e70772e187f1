/**
 * Watches over the sources whose jobs have a monitor. In: the jobs that are to be watched, as they are now. Out: lights, a countdown, an
 * event when a source falls silent, fails or answers again, and word of the light at every look. Promise: a time in which this agent itself
 * stood still is not held against anybody, and one round of questions is over before the next begins.
 */
import { type Light, SourceWatch } from '@understudy/engine';
import type { FailoverStatus, Monitor } from '@understudy/wire';
import type { ReplicaJob } from '../replica-job.ts';
import type { RunCommand } from '../run-command.ts';
import type { Severity } from '../takeovers.ts';
import { type Probed, placesOfAgent, probe } from './probe.ts';

export interface Monitoring {
  readonly job: ReplicaJob;
  readonly monitor: Monitor;
  /** How long the source has said nothing on its link; null: there is no link. */
  readonly silentMs: () => number | null;
  /** `HOST:PORT` at which the source's agent was reached. */
  readonly agents: readonly string[];
}

export interface MonitorParts {
  readonly jobs: () => readonly Monitoring[];
  readonly run: RunCommand;
  readonly outputOf: (jobId: string) => string;
  readonly event: (event: { code: string; severity: Severity; sentence: string; advice?: string }, job: string) => void;
  /** At every look, when what there was to be told has been told. */
  readonly looked: (job: ReplicaJob, light: Light) => void;
  readonly nowMs?: () => number;
}

interface Watched {
  readonly key: string;
  readonly watch: SourceWatch;
  readonly hosts: readonly string[];
  readonly said: Map<string, Probed & { readonly atMs: number | null }>;
  light: Light;
  dueMs: number;
  busy: boolean;
}

const LOOK_MS = 100;
/** Between two looks: more than this, and this process stood still. */
const STILL_MS = 1000;

export class Monitors {
  readonly #parts: MonitorParts;
  readonly #nowMs: () => number;
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | null = null;
  #lookedMs = 0;

  constructor(parts: MonitorParts) {
    this.#parts = parts;
    this.#nowMs = parts.nowMs ?? (() => performance.now());
  }

  start(): void {
    this.#lookedMs = this.#nowMs();
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  close(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  statusOf(jobId: string): FailoverStatus['monitor'] {
    const watched = this.#watched.get(jobId);
    if (watched === undefined) return null;
    const now = this.#nowMs();
    const { watch, hosts, said } = watched;
    return {
      light: watch.light(now),
      msLeft: Math.round(watch.msLeft(now)),
      timeToFailMs: watch.timeToFailMs,
      addresses: hosts.map((address) => {
        const last = said.get(address);
        const atMs = last?.atMs ?? null;
        return {
          address,
          light: watch.lightOf(address, now),
          lastAnswer: atMs === null ? null : new Date(Date.now() - (now - atMs)).toISOString(),
          sentence: (last?.sentence ?? 'not asked yet').slice(0, 1024),
        };
      }),
    };
  }

  /** Every so often. */
  look(): void {
    const now = this.#nowMs();
    const still = now - this.#lookedMs;
    this.#lookedMs = now;
    const jobs = this.#parts.jobs();
    const ids = new Set(jobs.map(({ job }) => job.id));
    for (const id of this.#watched.keys()) if (!ids.has(id)) this.#watched.delete(id);
    for (const monitoring of jobs) {
      const watched = this.#watchedFor(monitoring, now);
      if (still > STILL_MS) watched.watch.forgive(still);
      if (!watched.busy && now >= watched.dueMs) void this.#ask(monitoring, watched);
      this.#turn(monitoring, watched, now);
    }
  }

  #watchedFor({ job, monitor, agents }: Monitoring, now: number): Watched {
    const hosts = monitor.addresses.length > 0 ? monitor.addresses : placesOfAgent(agents).hosts;
    const key = JSON.stringify([monitor, hosts]);
    const known = this.#watched.get(job.id);
    if (known?.key === key) return known;
    const watch = new SourceWatch(monitor, hosts, now);
    const fresh: Watched = { key, watch, hosts, said: new Map(), light: 'green', dueMs: now, busy: false };
    this.#watched.set(job.id, fresh);
    return fresh;
  }

  async #ask({ job, monitor, silentMs, agents }: Monitoring, watched: Watched): Promise<void> {
    watched.busy = true;
    watched.dueMs = this.#nowMs() + monitor.intervalMs;
    const { run, outputOf } = this.#parts;
    const output = (host: string) => outputOf(`${job.id}.${host.replace(/[^\w.]/g, '_')}`);
    await Promise.all(
      watched.hosts.map(async (host) => {
        const probed = await probe(host, monitor, {
          silentMs,
          agentPorts: placesOfAgent(agents).ports,
          timeoutMs: monitor.intervalMs,
          run: (command, timeoutMs) => run(command, { timeoutMs, output: output(host) }),
        });
        const atMs = this.#nowMs() - probed.agoMs;
        if (probed.answers) watched.watch.answered(host, atMs);
        const before = watched.said.get(host)?.atMs ?? null;
        watched.said.set(host, { ...probed, atMs: probed.answers ? atMs : before });
      }),
    );
    watched.busy = false;
  }

  #turn({ job }: Monitoring, watched: Watched, now: number): void {
    const { watch } = watched;
    const turned = watch.turn(now);
    const light = watch.light(now);
    const before = watched.light;
    watched.light = light;
    if (turned === 'failed') this.#failed(job, watched);
    else if (turned === 'answers') this.#tell(job, 'source-answers', 'information', `${job.source} answers again.`);
    else if (light === 'yellow' && before === 'green') {
      const seconds = (watch.msLeft(now) / 1000).toFixed(1);
      this.#tell(
        job,
        'source-silent',
        'warning',
        `${job.source} does not answer; it counts as failed in ${seconds} s.`,
      );
    }
    this.#parts.looked(job, light);
  }

  #failed(job: ReplicaJob, { watch, said }: Watched): void {
    const seconds = (watch.timeToFailMs / 1000).toFixed(1);
    const last = [...said].map(([host, { sentence }]) => `${host}: ${sentence}`).join('; ');
    const what = job.failover.automatic ? 'The failover follows by itself.' : 'A person decides.';
    const sentence = `The source ${job.source} has failed: it has not answered for ${seconds} s (${last}). ${what}`;
    const advice = job.failover.automatic ? '' : `\`understudy failover ${job.name}\` lets ${job.target} take over.`;
    this.#parts.event({ code: 'source-failed', severity: 'error', sentence, advice }, job.name);
  }

  #tell(job: ReplicaJob, code: string, severity: Severity, sentence: string): void {
    this.#parts.event({ code, severity, sentence }, job.name);
  }
}
