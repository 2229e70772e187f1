/**
 * A job before it exists. In: what the wizard collected, two connections. Out: a check-list, or the job. The order is the command line's:
 * the servers are made known to each other, the source's agent checks the definition, the target's what a preset needs.
 */
import { type Connection, introduce, type KnownServer, SdkError } from '@understudy/sdk';
import { type JobDefinition, jobDefinitionSchema, type Problem } from '@understudy/wire';
import type { ChannelArguments, CheckResult, CreatedJob } from '../../shared/ipc-channels.ts';
import { endKey } from '../../shared/view.ts';

export interface Pair {
  readonly source: KnownServer;
  readonly target: KnownServer;
  /** Throws where it is not reached. */
  readonly connect: (name: string) => Connection;
}

type Planned = ChannelArguments<'checkJob'>;
type Wanted = ChannelArguments<'createJob'>;

/** Directories are looked at, the target is asked, drivers are opened. */
const SLOW_MS = 120_000;

const ok = (step: CheckResult['step']): CheckResult => ({ step, state: 'ok', sentences: [] });
const skipped = (step: CheckResult['step']): CheckResult => ({ step, state: 'skipped', sentences: [] });

/** Every step that can be tried is tried: a person mends all of it at once. */
export async function checkJob(planned: Planned, pair: Pair): Promise<readonly CheckResult[]> {
  const { source, target, connect } = pair;
  const atSource = await step('source', async () => connect(source.name));
  const atTarget = await step('target', async () => connect(target.name));
  const results: CheckResult[] = [atSource.result, atTarget.result];
  if (atSource.value === null || atTarget.value === null)
    return [...results, skipped('introduce'), skipped('definition'), skipped('preset')];
  const [from, to] = [atSource.value, atTarget.value];
  const known = await step('introduce', () => makeKnown(from, to, pair));
  results.push(known.result);
  if (known.value === null) results.push(skipped('definition'));
  else results.push(await problems('definition', () => from.call('job.validate', definitionOf(planned, pair), slow)));
  if (planned.preset === null) return [...results, skipped('preset')];
  return [...results, await problems('preset', () => presetFits(from, to, planned))];
}

export async function createJob(wanted: Wanted, pair: Pair): Promise<CreatedJob> {
  const { source, target, connect } = pair;
  const atSource = connect(source.name);
  await makeKnown(atSource, connect(target.name), pair);
  const asked = { ...definitionOf(wanted, pair), ...(wanted.adopt ? { adopt: true } : {}) };
  const { status, notes } = await atSource.call('job.create', asked, slow);
  const key = status.id ?? endKey(source.name, status.name);
  if (!wanted.start) return { key, notes };
  try {
    await atSource.call('job.start', { name: status.name }, slow);
    return { key, notes };
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    return { key, notes: [...notes, `The job was created and could not be started: ${error.message}`] };
  }
}

const slow = { timeoutMs: SLOW_MS };

function definitionOf({ definition }: Planned | Wanted, { source, target }: Pair): JobDefinition {
  const { name, address, fingerprint } = target;
  const whole = { ...definition, sourceName: source.name, target: { name, address, fingerprint } };
  const parsed = jobDefinitionSchema.safeParse(whole);
  if (parsed.success) return parsed.data;
  throw new SdkError('bad-argument', `the job will not do: ${parsed.error.issues[0]?.message ?? 'its shape is wrong'}`);
}

export async function makeKnown(atSource: Connection, atTarget: Connection, { source, target }: Pair): Promise<true> {
  if (source.fingerprint !== target.fingerprint) await introduce(atSource, atTarget, target);
  return true;
}

async function presetFits(atSource: Connection, atTarget: Connection, { preset, definition }: Planned) {
  const needs = await atSource.call('presets.needs', { name: preset ?? '' }, slow);
  return await atTarget.call('presets.validate', { needs, to: definition.to }, slow);
}

async function step<T>(
  name: CheckResult['step'],
  task: () => Promise<T>,
): Promise<{ readonly result: CheckResult; readonly value: T | null }> {
  try {
    const value = await task();
    return { result: ok(name), value };
  } catch (error) {
    if (!(error instanceof SdkError)) throw error;
    return { result: { step: name, state: 'error', sentences: [error.message] }, value: null };
  }
}

async function problems(
  name: CheckResult['step'],
  task: () => Promise<{ problems: readonly Problem[] }>,
): Promise<CheckResult> {
  const { result, value } = await step(name, task);
  if (value === null || value.problems.length === 0) return result;
  const state = value.problems.some(({ severity }) => severity === 'error') ? 'error' : 'warning';
  return { step: name, state, sentences: value.problems.map(({ sentence }) => sentence) };
}
