/** SourceJobs with fake surroundings: an interceptor that does nothing, links that the test speaks for, a real store in a temporary folder. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Hello, JobCreate } from '@understudy/wire';
import { FrameType } from '@understudy/wire';
import { defaultSettings } from '../../config/settings.ts';
import type { AuditSettings } from '../source/cookie-round.ts';
import type { LeaseOf } from '../source/gate/job-lease.ts';
import { Interceptors } from '../source/interceptors.ts';
import type { DialledLink } from '../source/job-link.ts';
import { PositionReserve } from '../source/position-reserve.ts';
import type { JobSurroundings } from '../source/prepare-job.ts';
import { forgetLeftBehind, survivalOf } from '../source/queue-places.ts';
import { scopesFor } from '../source/root-scopes.ts';
import { SourceJobs } from '../source/source-jobs.ts';
import { VerificationReports } from '../source/verification-reports.ts';
import { JobStore } from '../stored-job.ts';
import { roleOf } from '../takeover/reverse/role-of.ts';
import { keepUnsent } from '../takeover/reverse/unsent-list.ts';
import { FakeInterceptor } from './fake-interceptor.ts';
import { FakeLink, welcome } from './fake-link.ts';

export class JobScene {
  readonly top = realpathSync(mkdtempSync(join(tmpdir(), 'understudy-source-')));
  readonly events: string[] = [];
  readonly faults: unknown[] = [];
  readonly links: FakeLink[] = [];
  holdAtStartMs = 0;
  interceptors!: Interceptors;
  leaseOf: LeaseOf = () => null;
  fuse = new FakeInterceptor('fuse');
  /** What the target says to a probe, and to word of a deleted job. */
  probe: string | null = null;
  /** Jobs keep their queues, so that the next run of the agent goes on from them. */
  survives = false;
  leave: () => Promise<string | null> = async () => null;
  rest: () => Promise<string | null> = async () => null;
  /** A link that the test speaks for, unless it wants another. */
  dial: () => Promise<DialledLink> = async () => {
    const link = new FakeLink();
    this.links.push(link);
    return link;
  };
  jobs: SourceJobs;
  readonly #audit: AuditSettings | null;

  constructor(audit: AuditSettings | null = null) {
    this.#audit = audit;
    this.folder('home');
    this.jobs = this.open();
  }

  get store(): JobStore {
    return new JobStore(join(this.top, 'home', 'jobs'));
  }

  /** As an agent that starts in this home. */
  open(): SourceJobs {
    return new SourceJobs(this.store, this.#surroundings());
  }

  /** The agent ends and another one starts; what is protected stays so. */
  async restart(): Promise<void> {
    await this.jobs.close(true);
    this.jobs = this.open();
    await this.jobs.restore();
  }

  folder(...names: string[]): string {
    const path = join(this.top, ...names);
    mkdirSync(path, { recursive: true });
    return path;
  }

  definition(name: string, folder: string, more: Partial<JobCreate> = {}): JobCreate {
    return {
      name,
      sourceName: 'alpha',
      target: { name: 'beta', address: '192.0.2.1:7320', fingerprint: 'f'.repeat(64) },
      include: [{ text: folder, bytes: Buffer.from(folder).toString('base64') }],
      exclude: [],
      to: null,
      intercept: 'auto',
      mode: 'async',
      compression: 'none',
      bandwidth: null,
      start: false,
      ...more,
    };
  }

  /** Which stream the next run of the agent would go on with; null: none. */
  streamLeft(name: string): string | null {
    const { id } = this.store.all().find(({ definition }) => definition.name === name) ?? { id: '' };
    const path = join(this.top, 'home', 'queue', id, 'state.json');
    return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')).streamId : null;
  }

  async create(name: string, more: Partial<JobCreate> = {}): Promise<string> {
    const folder = this.folder(name);
    await this.jobs.create(this.definition(name, folder, more));
    return folder;
  }

  /** The newest link, once it says hello; the target answers with welcome. */
  async welcome(more: object = {}): Promise<FakeLink> {
    while (this.links.at(-1)?.said(FrameType.hello).length !== 1) await new Promise((resolve) => setImmediate(resolve));
    const link = this.links.at(-1);
    if (link === undefined) throw new Error('nothing was dialled');
    link.arriveJson(FrameType.welcome, welcome(more));
    return link;
  }

  async close(): Promise<void> {
    await this.jobs.close(false);
    rmSync(this.top, { recursive: true, force: true });
  }

  /** What the target says to a decision. */
  decide: () => ReturnType<JobSurroundings['decide']> = async () => ({
    code: 'brake',
    sentence: 'There is nothing to decide.',
  });

  #makeInterceptors(): Interceptors {
    this.interceptors = new Interceptors(
      {
        fuse: { available: async () => ({ can: true, why: '' }), open: async () => this.fuse, leftOver: () => true },
        watch: { available: async () => ({ can: true, why: '' }), open: async () => new FakeInterceptor('watch') },
      },
      () => {},
      this.#audit,
    );
    return this.interceptors;
  }

  get #base() {
    return { settings: defaultSettings(), home: { path: join(this.top, 'home') } };
  }

  #surroundings(): JobSurroundings {
    const { store } = this;
    return {
      agentName: 'alpha',
      homePath: join(this.top, 'home'),
      holdAtStartMs: this.holdAtStartMs,
      leaseOf: (stored) => this.leaseOf(stored),
      interceptors: this.#makeInterceptors(),
      forgetQueue: (id) => forgetLeftBehind(this.#base, id),
      runnerOptions: (stored, roots, prepared, ring) => ({
        id: stored.id,
        name: stored.definition.name,
        targetName: 'beta',
        epoch: stored.epoch,
        roots: scopesFor(roots, prepared, stored.formerRules),
        reserve: new PositionReserve(store.reserve(stored.id)),
        memoryBytes: 1 << 20,
        windowBytes: 1 << 20,
        transmission: stored.definition,
        hello: (live) => ({ ...live, jobId: stored.id }) as unknown as Hello,
        ...(this.survives ? { survival: survivalOf(this.#base, stored, roots, ring) } : {}),
        dial: () => this.dial(),
        ...roleOf(stored),
        halting: (reason, job) => keepUnsent(reason, job, store.unsent(stored.id)),
      }),
      rootsFile: (id) => store.roots(id),
      probe: async () => this.probe,
      reports: (id) => new VerificationReports(this.store.verificationsPath(id), () => {}),
      leave: () => this.leave(),
      rest: () => this.rest(),
      say: async () => 'unsaid',
      decide: () => this.decide(),
      event: ({ code }, job) => this.events.push(`${job} ${code}`),
      fault: (error) => this.faults.push(error),
    };
  }
}
