/** What mirror and verification see of the job they belong to. In: the job's rooms. Out: the mirror's world, and its roots. */
import { type RawName, rawToBytes } from '@understudy/base';
import { type NodeId, type RecordInput, record } from '@understudy/wire';
import { RootScope } from '../data-path/source/queue/root-scope.ts';
import type { MarkOutcome, SourcePath } from '../data-path/source-path.ts';
import type { Barrier, DigestName } from '../ports.ts';
import type { MirrorRoot, MirrorWorld } from './mirror/world.ts';
import { pathForPeople } from './path-for-people.ts';
import type { Refusals } from './refusals.ts';
import type { JobRootInput, SourceJobWorld } from './source-job-options.ts';

export function mirrorRoot(root: JobRootInput, index: number): MirrorRoot {
  const scope = new RootScope({ scope: root.scope, rootPath: root.path, rootNode: root.files.rootNode });
  return { index, path: rawToBytes(root.path), files: root.files, scope };
}

interface Rooms {
  readonly world: SourceJobWorld;
  readonly roots: ReadonlyMap<number, MirrorRoot>;
  readonly path: SourcePath;
  readonly refusals: Refusals;
  asksIfEmpty(): boolean;
  /** The one that both sides can make. */
  digestName(): DigestName;
}

export function mirrorWorld({ world, roots, path, refusals, asksIfEmpty, digestName }: Rooms): MirrorWorld {
  const { digest } = world;
  return {
    roots,
    asksIfEmpty,
    digestName,
    wallMs: () => world.wallMs(),
    hash: (bytes: Uint8Array) =>
      digestName() === 'blake3' && digest.blake3 !== undefined ? digest.blake3(bytes) : digest.sha256(bytes),
    say: (input: RecordInput) => path.say(record({ timeMs: world.wallMs(), ...input })),
    next: () => path.next,
    mark: (settle: (outcome: MarkOutcome) => void) => path.mark(world.wallMs(), settle),
    barrier: () => world.barrier(),
    passed: (barrier: Barrier) => world.passed(barrier),
    unreadable: (root: number, node: NodeId, why: string, name?: RawName | undefined) => {
      const shown = pathForPeople(roots.get(root)?.files, node, name);
      refusals.giveUp(root, node, `${shown}: ${why}`);
      const sentence = `${shown} is protected but cannot be read: ${why}.`;
      world.event({ code: 'unreadable', severity: 'error', sentence });
    },
  };
}
