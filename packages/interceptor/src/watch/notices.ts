/**
 * Notices that something changed in a directory, by chokidar over inotify. In: a directory. Out: paths in which to look.
 * Promised: nothing. Notices are late, merged, or missing (an overflow is dropped silently), and names that are not UTF-8 are not
 * seen; they only make a scan come sooner. Only directories are watched, because a watch for every file costs 6 KB each.
 */
import type { Stats } from 'node:fs';
import { watch } from 'chokidar';

export interface Notices {
  close(): Promise<void>;
}

export interface NoticeOptions {
  readonly directory: string;
  /** `path` is a directory in which something changed; null: something is lost, look everywhere. */
  readonly onNotice: (path: string | null) => void;
  /** Beyond this many directories, notices end and only the periodic scan is left. */
  readonly maxDirectories: number;
  readonly onExhausted: (reason: string) => void;
}

export function openNotices(options: NoticeOptions): Notices {
  const watcher = watch(options.directory, {
    ignored: (_path: string, stats?: Stats) => stats !== undefined && !stats.isDirectory(),
    ignoreInitial: true,
    followSymlinks: false,
    ignorePermissionErrors: true,
    persistent: true,
    atomic: false,
  });
  let directories = 0;
  let closed: Promise<void> | null = null;
  const close = () => {
    closed ??= watcher.close();
    return closed;
  };
  const giveUp = (reason: string) => {
    if (closed !== null) return;
    options.onExhausted(reason);
    void close();
  };
  watcher.on('raw', (_event: string, _path: string, details: unknown) => {
    const watched = (details as { readonly watchedPath?: unknown } | undefined)?.watchedPath;
    options.onNotice(typeof watched === 'string' ? watched : null);
  });
  watcher.on('addDir', (path: string) => {
    directories += 1;
    options.onNotice(path);
    if (directories > options.maxDirectories) giveUp(`more than ${options.maxDirectories} directories`);
  });
  watcher.on('unlinkDir', (path: string) => {
    directories -= 1;
    options.onNotice(path);
  });
  watcher.on('error', (error: unknown) => {
    options.onNotice(null);
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'ENOSPC' || code === 'EMFILE') giveUp(`the system allows no more watches (${code})`);
  });
  return { close };
}
