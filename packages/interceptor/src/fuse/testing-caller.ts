/** A process that makes one system call after the other and says what each answered: the application of a test that watches calls wait. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const PROGRAM = `
import json, mmap, os, signal, sys
signal.signal(signal.SIGALRM, lambda *_: None)
files, maps = {}, {}
def handle(path):
    if path not in files: files[path] = os.open(path, os.O_RDWR)
    return files[path]
calls = {
    'write': lambda path, at, text: os.pwrite(handle(path), text.encode(), at),
    'append': lambda path, text: os.write(os.open(path, os.O_WRONLY | os.O_APPEND), text.encode()),
    'fsync': lambda path: os.fsync(handle(path)),
    'read': lambda path: open(path).read(),
    'list': lambda path: sorted(os.listdir(path)),
    'create': lambda path: os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o640)),
    'empty': lambda path: os.close(os.open(path, os.O_WRONLY | os.O_TRUNC)),
    'truncate': lambda path, size: os.truncate(path, size),
    'mkdir': lambda path: os.mkdir(path),
    'rmdir': lambda path: os.rmdir(path),
    'unlink': lambda path: os.unlink(path),
    'rename': lambda path, to: os.rename(path, to),
    'link': lambda path, to: os.link(path, to),
    'symlink': lambda path, to: os.symlink(path, to),
    'chmod': lambda path, mode: os.chmod(path, mode),
    'chown': lambda path, uid, gid: os.chown(path, uid, gid),
    'utime': lambda path, seconds: os.utime(path, (seconds, seconds)),
    'setxattr': lambda path, name, value: os.setxattr(path, name, value.encode()),
    'removexattr': lambda path, name: os.removexattr(path, name),
    'open': lambda path, flags: os.close(os.open(path, getattr(os, flags))),
    'map': lambda path: maps.__setitem__(path, mmap.mmap(handle(path), 0)),
    'store': lambda path, text: maps[path].__setitem__(slice(0, len(text)), text.encode()),
    'sync': lambda path: maps[path].flush(),
    'punch': lambda path, at, length: punch(path, at, length),
}
def punch(path, at, length):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.fallocate(handle(path), 3, ctypes.c_long(at), ctypes.c_long(length)) != 0:
        raise OSError(ctypes.get_errno(), 'fallocate')
print('null', flush=True)
for line in sys.stdin:
    name, *args = json.loads(line)
    try:
        print(json.dumps({'ok': calls[name](*args)}), flush=True)
    except OSError as error:
        import errno
        print(json.dumps({'error': errno.errorcode[error.errno]}), flush=True)
`;

export interface Answer {
  readonly ok?: unknown;
  readonly error?: string;
}

export class Caller {
  readonly process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;

  private constructor() {
    this.process = spawn('python3', ['-c', PROGRAM], { cwd: '/' });
    this.process.stderr.resume();
    this.#lines = createInterface({ input: this.process.stdout })[Symbol.asyncIterator]();
  }

  /** Ready to call. */
  static async start(): Promise<Caller> {
    const caller = new Caller();
    await caller.#lines.next();
    return caller;
  }

  get pid(): number {
    return this.process.pid ?? 0;
  }

  /** What the call answered; `{ error: 'GONE' }` where the process ended over it. */
  async call(name: string, ...args: readonly unknown[]): Promise<Answer> {
    this.process.stdin.write(`${JSON.stringify([name, ...args])}\n`);
    const line = await this.#lines.next();
    return line.done === true ? { error: 'GONE' } : (JSON.parse(line.value) as Answer);
  }

  end(): void {
    this.process.stdin.end();
  }
}
