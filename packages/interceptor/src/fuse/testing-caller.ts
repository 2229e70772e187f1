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
    'fdatasync': lambda path: os.fdatasync(handle(path)),
    'fsyncdir': lambda path: os.fsync(os.open(path, os.O_RDONLY | os.O_DIRECTORY)),
    'through': lambda path, flag, text: os.pwrite(os.open(path, os.O_WRONLY | getattr(os, flag)), text.encode(), 0),
    'dsync': lambda path, text: os.pwritev(handle(path), [text.encode()], 0, os.RWF_DSYNC),
    'aio': lambda path, flags, how, at: write_asynchronously(path, flags, how, at),
    'read': lambda path: open(path).read(),
    'size': lambda path: os.stat(path).st_size,
    'mode': lambda path: os.stat(path).st_mode & 0o7777,
    'mtime': lambda path: int(os.stat(path).st_mtime),
    'getxattr': lambda path, name: os.getxattr(path, name).decode(),
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
    'punch': lambda path, at, length: from_libc('fallocate', handle(path), 3, at, length),
    'allot': lambda path, flag, at, length: from_libc('fallocate', opened(path, flag), 0, at, length),
    'zero': lambda path, at, length: from_libc('fallocate', opened(path, ''), 16, at, length),
    'first': lambda path, flag: read_page(os.open(path, os.O_RDONLY | getattr(os, flag, 0)))[:8].decode(),
    'cut': lambda path, flag, size: os.ftruncate(opened(path, flag), size),
    'direct': lambda path, flag, how, at: os.pwritev(opened(path, 'O_DIRECT', flag), [a_page()], at, getattr(os, how, 0)),
    'range': lambda path: from_libc('sync_file_range', handle(path), 0, 0, 7),
    'syncfs': lambda path, beside: from_libc('syncfs', os.open(os.path.join(os.path.dirname(path), beside), os.O_RDONLY)),
    'syncall': lambda path: os.sync(),
}
def opened(path, *flags):
    return os.open(path, sum((getattr(os, flag, 0) for flag in flags), os.O_WRONLY))
def a_page():
    page = mmap.mmap(-1, 4096)
    page.write(b'x' * 4096)
    return page
def read_page(fd):
    page = mmap.mmap(-1, 4096)
    os.preadv(fd, [page], 0)
    return page
def from_libc(name, fd, *args):
    import ctypes
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = [ctypes.c_long(arg) for arg in args]
    if getattr(libc, name)(fd, *numbers) != 0: raise OSError(ctypes.get_errno(), name)
def write_asynchronously(path, flags, how, at):
    # A page by io_submit, past the page cache, as databases do; the answer is what io_getevents says of it.
    import ctypes, platform, struct
    setup, events, submit = {'x86_64': (206, 208, 209), 'aarch64': (0, 4, 2)}[platform.machine()]
    fd, page = opened(path, 'O_DIRECT', flags), a_page()
    def call(number, *args):
        libc = ctypes.CDLL(None, use_errno=True)
        result = libc.syscall(ctypes.c_long(number), *args)
        if result < 0: raise OSError(ctypes.get_errno(), 'aio')
        return result
    context = ctypes.c_ulong(0)
    call(setup, ctypes.c_uint(1), ctypes.byref(context))
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    block = ctypes.create_string_buffer(struct.pack('<QIIHhIQQqQII', 0, 0, getattr(os, how, 0), 1, 0, fd, address, 4096, at, 0, 0, 0))
    call(submit, context, ctypes.c_long(1), ctypes.byref(ctypes.c_void_p(ctypes.addressof(block))))
    done = ctypes.create_string_buffer(32)
    call(events, context, ctypes.c_long(1), ctypes.c_long(1), done, None)
    result = struct.unpack('<QQqq', done.raw)[2]
    if result < 0: raise OSError(-result, 'aio')
    return result
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
