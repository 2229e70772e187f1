/** Who listens on this server's ports. In: /proc. Out: ports with the process behind each, where it is to be seen. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

export interface Listener {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  /** `process 812 (postgres)`; empty: it is not to be seen. */
  readonly by: string;
}

const LISTEN = '0A';
const UNCONNECTED = '07';

export interface SocketLine {
  readonly port: number;
  readonly inode: string;
}

/** Of a table as the kernel writes it: local address, state and inode are the second, fourth and tenth column. */
export function listeningIn(table: string, protocol: 'tcp' | 'udp'): SocketLine[] {
  const found: SocketLine[] = [];
  for (const line of table.split('\n').slice(1)) {
    const columns = line.trim().split(/\s+/);
    const port = Number.parseInt(columns[1]?.split(':')[1] ?? '', 16);
    const waits = columns[3] === (protocol === 'tcp' ? LISTEN : UNCONNECTED);
    if (waits && port > 0) found.push({ port, inode: columns[9] ?? '' });
  }
  return found;
}

export function listenersOf(): Listener[] {
  const sockets = (['tcp', 'udp'] as const).flatMap((protocol) =>
    ['', '6'].flatMap((version) =>
      listeningIn(text(`/proc/net/${protocol}${version}`), protocol).map((line) => ({ protocol, ...line })),
    ),
  );
  const owners = ownersOf(new Set(sockets.map(({ inode }) => inode)));
  const seen = new Map<string, Listener>();
  for (const { protocol, port, inode } of sockets)
    seen.set(`${protocol}/${port}`, { protocol, port, by: owners.get(inode) ?? '' });
  return [...seen.values()];
}

function ownersOf(inodes: ReadonlySet<string>): Map<string, string> {
  const owners = new Map<string, string>();
  for (const pid of readdirSync('/proc')) {
    if (owners.size === inodes.size) break;
    if (!/^\d+$/.test(pid)) continue;
    for (const inode of socketsOf(pid))
      if (inodes.has(inode) && !owners.has(inode))
        owners.set(inode, `process ${pid} (${text(`/proc/${pid}/comm`).trim()})`);
  }
  return owners;
}

function socketsOf(pid: string): string[] {
  const found: string[] = [];
  try {
    for (const fd of readdirSync(`/proc/${pid}/fd`)) {
      const inode = /^socket:\[(\d+)\]$/.exec(linkOf(`/proc/${pid}/fd/${fd}`))?.[1];
      if (inode !== undefined) found.push(inode);
    }
  } catch {
    // It ended meanwhile.
  }
  return found;
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

function text(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
