/** Replication sets that are not whole, as pure functions: what rules with includes, excludes and wildcards come to. */
import type { Scope } from '@understudy/engine';

export type ScopeKind = 'whole' | 'exclude-name' | 'include-directories' | 'include-files' | 'exclude-with-exception';
export const SCOPE_KINDS: readonly ScopeKind[] = [
  'whole',
  'exclude-name',
  'include-directories',
  'include-files',
  'exclude-with-exception',
];

const partsBeneath = (root: string, path: string): string[] =>
  path
    .slice(root.length)
    .split('/')
    .filter((part) => part !== '');

type Decision = ReturnType<Scope['decide']>;

const DECIDE: Record<ScopeKind, (parts: readonly string[], isDirectory: boolean) => Decision> = {
  whole: () => 'inside',
  // exclude **/n5 and **/n6
  'exclude-name': (parts) => (parts.some((part) => part === 'n5' || part === 'n6') ? 'outside' : 'inside'),
  // include ROOT/n1 and ROOT/n2/n3
  'include-directories': (parts, isDirectory) => {
    if (parts[0] === 'n1' || (parts[0] === 'n2' && parts[1] === 'n3')) return 'inside';
    const onTheWay = parts.length === 0 || (parts.length === 1 && parts[0] === 'n2');
    return isDirectory && onTheWay ? 'on-the-way' : 'outside';
  },
  // include ROOT/**/n[0-3], as files; directories of such a name with all beneath
  'include-files': (parts, isDirectory) => {
    const matches = (part: string) => part <= 'n3';
    if (parts.some(matches)) return 'inside';
    return isDirectory ? 'on-the-way' : 'outside';
  },
  // exclude ROOT/n1, include ROOT/n1/n2
  'exclude-with-exception': (parts, isDirectory) => {
    if (parts[0] !== 'n1' || parts[1] === 'n2') return 'inside';
    return isDirectory && parts.length === 1 ? 'on-the-way' : 'outside';
  },
};

export function scopeOfKind(kind: ScopeKind, root: string): Scope {
  const decide = DECIDE[kind];
  return { whole: kind === 'whole', decide: (path, isDirectory) => decide(partsBeneath(root, path), isDirectory) };
}
