/**
 * What this server lacks to run an application of another. In: needs, as the source told them. Out: problems, each a sentence that says
 * what would be right. Promised: an error means that the service would not start here, or not with these files.
 */
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { brand, formatBytes, printable, type RawName } from '@understudy/base';
import { ManagementError, type PresetNeeds, type Problem, type RawPath } from '@understudy/wire';
import { replicaPathOf } from '../rules/index.ts';
import { factsOf, fill, fillOne } from './places.ts';
import type { Preset } from './preset.ts';
import { digestOf, type MeasureSet, rawOf, versionOf } from './preset-needs.ts';
import type { ServerView } from './server-view.ts';
import { sizeOf } from './set-size.ts';

export interface Disk {
  /** One for each file system. */
  readonly id: string;
  readonly freeBytes: number;
}

export interface ValidationPorts {
  readonly view: ServerView;
  readonly presets: readonly Preset[];
  /** Of the file system that a path lies on, or will lie on. */
  disk(path: RawName): Promise<Disk>;
  readonly measure: MeasureSet;
}

export const validationPorts = (view: ServerView, presets: readonly Preset[]): ValidationPorts => ({
  view,
  presets,
  disk: diskOf,
  measure: sizeOf,
});

type Asked = { readonly needs: PresetNeeds; readonly to: RawPath | null };

export async function validateNeeds(ports: ValidationPorts, { needs, to }: Asked): Promise<Problem[]> {
  const kind = needs.name.split(':')[0];
  const preset = ports.presets.find(({ name }) => name === kind);
  if (preset === undefined)
    throw new ManagementError('refused', `This server knows no preset ${kind}; its agent may be of an older version.`);
  return [
    ...(await ofVersion(ports, preset, needs)),
    ...ofAccounts(ports.view, needs),
    ...ofPorts(ports.view, needs),
    ...(await ofSpace(ports, needs, to)),
    ...ofPlace(needs, to),
    ...ofConfiguration(ports.view, needs),
  ];
}

const problem = (severity: Problem['severity'], code: string, sentence: string): Problem => ({
  severity,
  code,
  sentence: sentence.slice(0, 4096),
});
const shown = (raw: string): string => printable(brand<RawName>(raw));

async function ofVersion({ view }: ValidationPorts, preset: Preset, { title, version, parts }: PresetNeeds) {
  const facts = factsOf(parts, '');
  const here = await versionOf(view, { preset, facts });
  const packages = fillOne(preset.version.package, facts);
  const program = fill(preset.version.command[0] ?? '', facts)[0] ?? '';
  if (here === null)
    return [
      problem(
        'error',
        'preset-not-installed',
        `${title} is not installed on the target (${program} does not run): install ${packages} there.`,
      ),
    ];
  if (version === null || here === version) return [];
  const sentence = `The source has version ${version} of ${title} and the target ${here}: the files of one do not suit the other. Install ${packages} in version ${version} on the target.`;
  return [problem('error', 'preset-version', sentence)];
}

function ofAccounts(view: ServerView, { accounts, title }: PresetNeeds): Problem[] {
  return accounts.flatMap(({ kind, name, id, runs }) => {
    const here = view.accounts(kind);
    const same = here.find((each) => each.name === name);
    const whose = runs ? `${title} runs as it` : 'files of the set belong to it';
    const shownName = shown(name);
    if (same === undefined) {
      const sentence = `There is no ${kind} ${shownName} on the target, and ${whose}: make it there with the number ${id}.`;
      return [problem(runs ? 'error' : 'warning', 'preset-account', sentence)];
    }
    if (same.id === id) return [];
    const sentence =
      `The ${kind} ${shownName} has the number ${id} on the source and ${same.id} on the target, and ${whose}. ` +
      'Owners are replicated by number: give it the same number on both.';
    return [problem('error', 'preset-account', sentence)];
  });
}

function ofPorts(view: ServerView, { ports, title }: PresetNeeds): Problem[] {
  const taken = view.listeners();
  return ports.flatMap(({ protocol, port }) => {
    const listener = taken.find((each) => each.protocol === protocol && each.port === port);
    if (listener === undefined) return [];
    const by = listener.by === '' ? 'another program' : listener.by;
    const sentence = `On the target ${by} listens on ${protocol} port ${port}, which ${title} needs: stop and disable it there until a failover starts it.`;
    return [problem('error', 'preset-port', sentence)];
  });
}

/** What lies there already need not find new space. */
async function ofSpace({ disk, measure }: ValidationPorts, needs: PresetNeeds, to: RawPath | null) {
  const base = to === null ? null : rawOf(to.bytes);
  const places = needs.paths.map(({ bytes }) => replicaPathOf(base, rawOf(bytes)));
  const disks = await Promise.all(places.map((place) => disk(place)));
  const [first] = disks;
  if (first === undefined) return [];
  const there = (await measure(places)).bytes;
  // Which part of the set lies on which disk is not known: together they have to hold it.
  const free = [...new Map(disks.map(({ id, freeBytes }) => [id, freeBytes])).values()].reduce((sum, one) => sum + one);
  const missing = needs.bytes - there - free;
  if (missing <= 0) return [];
  const at = places.map(shown).slice(0, 3).join(', ');
  const atLeast = needs.counted ? '' : 'at least ';
  const sentence = `The set of ${needs.title} takes ${atLeast}${formatBytes(needs.bytes)}, and where its replica would lie (${at}) ${formatBytes(free)} are free: ${formatBytes(missing)} are missing.`;
  return [problem('error', 'preset-space', sentence)];
}

function ofPlace({ title }: PresetNeeds, to: RawPath | null): Problem[] {
  if (to === null) return [];
  const sentence = `The replica lies beneath ${shown(rawOf(to.bytes))}, and the configuration of ${title} names the original paths: leave --to out, or have a script put the replica in their place at a failover.`;
  return [problem('warning', 'preset-place', sentence)];
}

const LISTED = 5;

function ofConfiguration(view: ServerView, { configuration, title }: PresetNeeds): Problem[] {
  const differing = configuration.filter(({ path, digest }) => {
    const text = view.read(rawOf(path.bytes));
    return text === null || digestOf(text) !== digest;
  });
  if (differing.length === 0) return [];
  const names = differing.slice(0, LISTED).map(({ path }) => shown(rawOf(path.bytes)));
  const more = differing.length > LISTED ? ` and ${differing.length - LISTED} more` : '';
  const sentence = `The configuration of ${title} is not the same on both servers, and lies where it is not replicated: ${names.join(', ')}${more}. Copy it to the target.`;
  return [problem('warning', 'preset-configuration', sentence)];
}

/** Of the nearest directory that exists. */
async function diskOf(path: RawName): Promise<Disk> {
  for (let at: string = path; ; at = dirname(at)) {
    try {
      const there = Buffer.from(at, 'latin1');
      const { dev } = await stat(there);
      const { bavail, bsize } = await statfs(there);
      return { id: String(dev), freeBytes: bavail * bsize };
    } catch (error) {
      if (at === '/' || at === '.') throw error;
    }
  }
}
