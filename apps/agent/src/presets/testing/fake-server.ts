/** A server of a test's own: files by their paths, links, what commands say. Directories are where something lies. */
import { posix } from 'node:path';
import { brand, type RawName } from '@understudy/base';
import type { FoundPreset } from '@understudy/wire';
import { openPresets } from '../presets.ts';
import { accountsIn, type ProcessSeen, type ServerView } from '../server-view.ts';

export interface FakeServer {
  readonly files: Readonly<Record<string, string>>;
  /** Where each leads: absolute. */
  readonly links?: Readonly<Record<string, string>>;
  /** By the whole command line. */
  readonly says?: Readonly<Record<string, string>>;
  readonly processes?: readonly ProcessSeen[];
  readonly listeners?: ReturnType<ServerView['listeners']>;
}

export function viewOf({ files, links = {}, says = {}, processes = [], listeners = [] }: FakeServer): ServerView {
  const paths = [...Object.keys(files), ...Object.keys(links)];
  const real = (path: string, depth = 0): string => {
    for (const [link, to] of Object.entries(links))
      if (depth < 8 && (path === link || path.startsWith(`${link}/`)))
        return real(to + path.slice(link.length), depth + 1);
    return path;
  };
  const isDirectory = (path: string) => path === '/' || paths.some((each) => each.startsWith(`${path}/`));
  return {
    read: (path) => files[real(path)] ?? null,
    names: (directory) => {
      const at = real(directory) === '/' ? '/' : `${real(directory)}/`;
      return [
        ...new Set(
          paths.filter((path) => path.startsWith(at)).map((path) => path.slice(at.length).split('/')[0] ?? ''),
        ),
      ];
    },
    kind: (path) => {
      if (links[path] !== undefined) return 'link';
      const at = `${real(posix.dirname(path))}/${posix.basename(path)}`.replace('//', '/');
      if (files[at] !== undefined) return 'file';
      return isDirectory(at) ? 'directory' : null;
    },
    canonical: (path) => {
      const at = real(path);
      return files[at] !== undefined || isDirectory(at) ? brand<RawName>(at) : null;
    },
    ask: async (command) => says[command.join(' ')] ?? null,
    processes: () => processes,
    listeners: () => listeners,
    accounts: (kind) => accountsIn(files[kind === 'user' ? '/etc/passwd' : '/etc/group'] ?? ''),
  };
}

/** What is found there, with rules as texts. */
export function foundOn(server: FakeServer) {
  const texts = (paths: FoundPreset['include']) => paths.map(({ text }) => text);
  return openPresets(viewOf(server))
    .list()
    .map(({ include, exclude, ...rest }) => ({ ...rest, include: texts(include), exclude: texts(exclude) }));
}
