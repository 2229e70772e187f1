/**
 * Two servers at the ends of a line, a mixed load with a database on one of them, and the account of what was written and what was
 * sent. In: settings of the agents. Out: a world in which the cable is pulled and processes are killed. Promised: the account is made
 * from what the applications say and from what the wire counted, never from what the product says of itself.
 */

import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import type { Bootstrap } from './bootstrap.ts';
import { type BadLine, Cable } from './cable.ts';
import { type JobStatus, replicaOf } from './client.ts';
import { goesOn } from './kills.ts';
import { type End, Line } from './line.ts';
import { SampleDatabase, type Written } from './sample-database.ts';
import { type Load, startLoad, treeDifferences } from './workload.ts';

const AGENTS: Readonly<Record<End, string>> = { source: 'alpha', target: 'beta' };
const NAME = 'world';
/** Asked of the source alone: while the line is down the other server would be waited for. */
export const JOB = `${AGENTS.source}/${NAME}`;

export interface World {
  readonly stage: Bootstrap;
  readonly line: Line;
  readonly source: string;
  readonly to: string;
  readonly replica: string;
  /** What delays, loses and breaks; a line for each connection that it broke. */
  readonly proxy: Load | null;
}

export interface WorldOptions {
  /** Lines of agent.yaml, an agent each. */
  readonly settings?: Partial<Record<End, string>>;
  /** The source reaches its target through a proxy that delays, loses and breaks. */
  readonly bad?: BadLine;
}

/** Starts both agents, each at its end; the client stands beside the source. */
export async function openWorld(stage: Bootstrap, options: WorldOptions = {}): Promise<World> {
  const line = await Line.open(stage);
  stage.clientPrefix = line.on('source');
  const source = stage.folder('source', 'world');
  const to = stage.folder('replica');
  let proxy: Load | null = null;
  for (const end of ['source', 'target'] as const) {
    const agent = stage.newAgent(AGENTS[end], { wrapper: line.on(end), listen: `${line.address(end)}:0` });
    const settings = options.settings?.[end];
    if (settings !== undefined && settings !== '') writeFileSync(join(agent.home, 'agent.yaml'), settings);
    await agent.start();
    const through =
      end === 'target' && options.bad !== undefined
        ? await Cable.open(stage, agent.address, options.bad, {
            enter: line.on('source'),
            listen: line.address('source'),
          })
        : null;
    await stage.pair(agent, through?.address);
    if (through !== null) proxy = through.proxy;
  }
  return { stage, line, source, to, replica: replicaOf(to, source), proxy };
}

/** `options`: further ones of `job create`. */
export async function protectWorld({ stage, source, to }: World, ...options: string[]): Promise<JobStatus> {
  const job = { name: NAME, source: AGENTS.source, target: AGENTS.target, include: [source], to } as const;
  await stage.client.create({ ...job, intercept: 'fuse', extra: ['--brake', 'off', ...options, '--start'] });
  await stage.client.reach(JOB, 'protected', '900s');
  await stage.client.flush(JOB);
  return await stage.client.status(JOB);
}

/** The applications of a world at work. */
export class Town {
  readonly mixed: Load;
  readonly database: SampleDatabase;
  readonly #world: World;
  readonly #sentBefore: number;

  private constructor(world: World, sentBefore: number) {
    const { stage } = world;
    this.#world = world;
    this.#sentBefore = sentBefore;
    this.mixed = startLoad('mixed', [stage.folder('source', 'world', 'mixed'), '--pace-us', '8000']);
    this.database = new SampleDatabase(join(stage.folder('source', 'world', 'database'), 'bank.db'));
    this.database.start(40);
  }

  /** In a world that is protected: from here on the wire is counted. */
  static async open(world: World): Promise<Town> {
    const town = new Town(world, world.line.sentBytes());
    await town.goesOn('its start');
    return town;
  }

  async goesOn(after: string): Promise<void> {
    const { last } = this.database;
    await goesOn(this.mixed, after);
    if (this.database.last < last) throw new Error('the database has gone back');
  }

  /** Ends the applications; what they were given to write. */
  async close(): Promise<Written & { readonly said: string }> {
    const database = await this.database.crash();
    const said = await this.mixed.stop();
    const mixed = JSON.parse(said) as { changes: number; changedBytes: number };
    return { said, calls: mixed.changes + database.calls, bytes: mixed.changedBytes + database.bytes };
  }

  /** Everything arrives, both sides are equal, and no more was sent than the measure allows. */
  async settles(title: string, allowed: (written: Written) => number = allowedBytes): Promise<void> {
    const { stage, line } = this.#world;
    const written = await this.close();
    await stage.client.reach(JOB, 'protected', '180s');
    await stage.client.flush(JOB, '180s');
    const sent = line.sentBytes() - this.#sentBefore;
    const limit = allowed(written);
    console.info(
      `${title}: ${written.said}; ${this.database.last} transactions; written ${megabytes(written.bytes)} in ${written.calls} calls, ` +
        `sent ${megabytes(sent)}, allowed ${megabytes(limit)} (${((sent / limit) * 100).toFixed(0)} %)`,
    );
    await this.equal();
    expect(sent, 'bytes on the wire').toBeLessThanOrEqual(limit);
  }

  async equal(): Promise<void> {
    const { source, replica, stage } = this.#world;
    expect(await treeDifferences(source, replica)).toEqual([]);
    const check = (folder: string, copy: string) =>
      this.database.check(this.database.copyImage(folder, stage.folder(copy)));
    const database = join(source, 'database');
    const there = await check(database, 'image-of-source');
    expect(there).toMatchObject({ ok: true, why: null });
    expect(await check(join(replica, relative(source, database)), 'image-of-replica')).toEqual(there);
  }
}

/** What may be sent of a stream: 1.2 times what each write changed, for the replica is to pass through every state, and 200 bytes a call. */
export const allowedBytes = ({ bytes, calls }: Written): number => 1.2 * bytes + 200 * calls;

export const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
