/** Where replicas may lie on this machine. In: what a source asks for. Out: paths, or the sentence that says why not. */
import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { brand, printable, type RawName } from '@understudy/base';
import type { Hello, Refuse } from '@understudy/wire';
import { liesWithin, placesOverlap, replicaPathOf, tidyPath } from '../../rules/index.ts';

export interface PlaceContext {
  readonly homePath: RawName;
  /** Names this running machine, as `hello.machine` names the source's. */
  readonly machine: string;
  /** Folders that replicas may lie in; empty: any that is not the system's own. */
  readonly allow: readonly RawName[];
  /** Replica roots of other jobs. */
  readonly taken: readonly { readonly jobName: string; readonly path: RawName }[];
}

export interface Place {
  readonly source: RawName;
  readonly replica: RawName;
}

const bytes = (base64: string): RawName => brand<RawName>(Buffer.from(base64, 'base64').toString('latin1'));
/** What `replica-roots.ts` makes beside a replica. */
const KEPT = /^\.understudy-[0-9a-f-]{36}$/i;
/** Never, whatever is allowed: who may write there owns the server. */
const SYSTEM = '/etc /proc /sys /dev /run /boot /usr /bin /sbin /lib /lib32 /lib64 /libx32'
  .split(' ')
  .map((path) => brand<RawName>(path));

/** The replica of each root of the job, by its index. */
export function placesOf(hello: Hello): Place[] {
  const base = hello.replicaBase === null ? null : bytes(hello.replicaBase);
  return hello.roots.map(({ path, replica }) => ({
    source: bytes(path),
    replica: replica === undefined ? replicaPathOf(base, bytes(path)) : tidyPath(bytes(replica)),
  }));
}

/** null: they may lie there. */
export function refusePlaces(places: readonly Place[], hello: Hello, context: PlaceContext): Refuse | null {
  if (places.some(({ source }) => !source.startsWith('/') || source.includes('\0') || source.split('/').includes('..')))
    return { code: 'protocol', sentence: 'A root of the job is not an absolute path.' };
  const climbing = places.find(({ replica }) => !replica.startsWith('/') || /[\0]|\/\.\.(\/|$)/.test(replica));
  if (climbing !== undefined)
    return {
      code: 'replica-path-invalid',
      sentence: `The replica cannot lie at ${printable(climbing.replica)}: write --to as an absolute path without «..».`,
    };
  for (const place of places) {
    const refusal = refusePlace(place, places, hello, context);
    if (refusal !== null) return refusal;
  }
  return null;
}

function refusePlace(place: Place, all: readonly Place[], hello: Hello, context: PlaceContext): Refuse | null {
  const replica = canonical(place.replica);
  const shown = printable(place.replica);
  const invalid = (sentence: string): Refuse => ({ code: 'replica-path-invalid', sentence });
  if (replica.split('/').some((name) => KEPT.test(name)))
    return invalid(
      `The replica cannot lie at ${shown}: that is where a job keeps files aside. Choose another with --to.`,
    );
  if (replica === '/' || SYSTEM.some((system) => liesWithin(replica, system) || liesWithin(replica, canonical(system))))
    return invalid(`The replica cannot lie at ${shown}: that is the system's own. Choose another directory with --to.`);
  if (placesOverlap(replica, context.homePath))
    return invalid(
      `The replica at ${shown} would hold the target agent's own home; choose another directory with --to.`,
    );
  const { allow } = context;
  if (allow.length > 0 && !allow.some((folder) => liesWithin(replica, canonical(folder))))
    return invalid(
      `The target takes replicas in ${allow.map(printable).join(', ')} only (replicas.allow in its agent.yaml), and ${shown} does not lie there. ` +
        "Choose a directory there with --to, or have the target's administrator allow another.",
    );
  const source = all.find((other) => hello.machine === context.machine && placesOverlap(replica, other.source));
  if (source !== undefined)
    return invalid(
      `Source and target are the same machine, and the replica at ${shown} and the protected ${printable(source.source)} are the same place ` +
        'or lie inside each other; choose a directory outside of it with --to.',
    );
  const wrong = notADirectory(place.replica);
  if (wrong !== null)
    return invalid(`The replica cannot lie at ${shown}: ${printable(wrong)} is a file, not a directory.`);
  const taken = context.taken.find((other) => placesOverlap(replica, canonical(other.path)));
  if (taken === undefined) return null;
  return {
    code: 'replica-path-in-use',
    sentence:
      `The replica path ${shown} is filled by the job ${taken.jobName} (${printable(taken.path)}) already; ` +
      'two jobs cannot fill one place. Choose another directory with --to, or delete that job.',
  };
}

/** As many as Linux follows. */
const MOST_LINKS = 40;

/** With all links resolved, also those that lead to nothing yet; what does not exist stays as it is written. */
export function canonical(path: RawName): RawName {
  let links = 0;
  for (let at: string = path, rest = ''; ; ) {
    try {
      const real = realpathSync.native(Buffer.from(at, 'latin1'), 'buffer').toString('latin1');
      return brand<RawName>(rest === '' ? real : `${real === '/' ? '' : real}${rest}`);
    } catch {
      const parent = dirname(at);
      const to = links < MOST_LINKS ? linkAt(at) : null;
      if (to !== null) {
        links += 1;
        at = resolve(canonical(brand<RawName>(parent)), to);
      } else if (parent === at) return path;
      else {
        rest = `${at.slice(parent === '/' ? 0 : parent.length)}${rest}`;
        at = parent;
      }
    }
  }
}

/** Where a link leads; null: it is none. */
function linkAt(path: string): string | null {
  try {
    return readlinkSync(Buffer.from(path, 'latin1'), 'buffer').toString('latin1');
  } catch {
    return null;
  }
}

/** The first thing on the way that exists and is no directory. */
function notADirectory(path: RawName): RawName | null {
  const parts = path.split('/').filter((part) => part !== '');
  let at = '';
  for (const part of parts) {
    at += `/${part}`;
    try {
      const stat = lstatSync(Buffer.from(at, 'latin1'));
      if (!stat.isDirectory() && !stat.isSymbolicLink()) return brand<RawName>(at);
    } catch {
      return null;
    }
  }
  return null;
}
