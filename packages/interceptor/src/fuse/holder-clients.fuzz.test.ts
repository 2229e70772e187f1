/**
 * Whatever a visitor says at the real holder's socket, in lines or in none, with descriptors or without: it is answered or sent away. Holder and
 * fsid are the same processes afterwards, what is protected is served and recorded as before, and no descriptor of a visitor stays behind.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { Verb } from '@understudy/wire';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drainAll, type Scratch, scratch, until, whySkipped } from './testing.ts';

const skip = whySkipped();
if (skip !== null) console.warn(`what strangers say to the holder is not tried: ${skip}`);

/** None of these is the number of what is protected, which `drop` would end as it should. */
const NUMBERS = ['7700', '-1', '65536', '4294967295', '99999999999999999999', '7x', '0x', '', ' ', '%s%n', '7700 7700'];
const VERBS = [
  'adopt',
  'serve',
  'silence',
  'record',
  'drop',
  'audit',
  'expose',
  'settle',
  'activity',
  'tripwire',
  'end',
];
const RECORDED = [
  'adopt 7700 7f 2f737276',
  'serve 7700',
  `audit 7700 ${'n'.repeat(44)}`,
  'expose 7700 1f',
  'settle 7700 12 now',
  'activity',
  'tripwire',
  'hello',
].map((text) => Buffer.from(`${text}\n`));
/** Asked last of all: its answer shows that the holder has come so far. */
const LAST = 'regions ';

describe.skipIf(skip !== null)('[FSI5] the holder', () => {
  let world: Scratch;
  let servers: { holder: number; server: number };
  let descriptors: number;
  let written = 0;

  const socketPath = () => world.path('home/control.sock');
  const descriptorsOf = () => readdirSync(`/proc/${servers.holder}/fd`).length;
  beforeAll(async () => {
    world = await scratch();
    await world.interceptor.protect(world.raw('one'));
    servers = await world.interceptor.servers();
    descriptors = descriptorsOf();
  });
  afterAll(() => world?.close());

  /** Everything that the holder answers to it, until it has answered a last question or sent the visitor away. */
  function say(pieces: readonly Uint8Array[]): Promise<string> {
    return new Promise((resolve) => {
      let heard = '';
      const socket = connect({ path: socketPath() }, () => {
        for (const piece of pieces) socket.write(piece);
        socket.write('\nactivity\n');
      });
      socket.setEncoding('latin1');
      socket.on('error', () => {});
      socket.on('close', () => resolve(heard));
      socket.on('data', (text: string) => {
        heard += text;
        if (new RegExp(`^${LAST}.*\n$`, 'm').test(heard.slice(heard.lastIndexOf('\n', heard.length - 2) + 1)))
          socket.destroy();
      });
    });
  }

  /** It serves and records as before, the same processes do, and nothing of a visitor is left. */
  async function expectUnmoved(): Promise<void> {
    expect(await world.interceptor.servers()).toMatchObject(servers);
    written += 1;
    writeFileSync(world.path(`one/file-${written}`), 'x');
    const seen = () =>
      drainAll(world.interceptor).some(({ verb, name }) => verb === Verb.create && name === `file-${written}`);
    await until(seen);
    expect(readFileSync(world.path(`one/file-${written}`), 'utf8')).toBe('x');
    await until(() => descriptorsOf() === descriptors);
    const restarts = world.interceptor.roots().map(({ path }) => path);
    expect(restarts).toEqual([world.raw('one')]);
  }

  it('answers any bytes with errors, or sends who says them away', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 4 }), async (pieces) => {
        const heard = await say(pieces);
        expect(heard === '' || heard.includes(LAST) || heard.includes('error')).toBe(true);
      }),
      { numRuns: 150 },
    );
    await expectUnmoved();
  });

  it('answers its own commands with what does not belong to them', async () => {
    const hex = fc.constantFrom(
      '2f61',
      '2f',
      '2f6',
      '00',
      'zz',
      '2f61'.repeat(2048),
      '61'.repeat(4096),
      '-7700',
      '+7700',
    );
    const word = fc.oneof(
      fc.constantFrom(...NUMBERS),
      hex,
      fc.constantFrom('n'.repeat(44), 'n'.repeat(45), '/'.repeat(44)),
    );
    const line = fc.tuple(fc.constantFrom(...VERBS), fc.array(word, { maxLength: 4 }));
    await fc.assert(
      fc.asyncProperty(fc.array(line, { minLength: 1, maxLength: 5 }), async (lines) => {
        const heard = await say(lines.map(([verb, words]) => Buffer.from(`${[verb, ...words].join(' ')}\n`, 'latin1')));
        expect(heard).not.toMatch(/^ok$/m);
      }),
      { numRuns: 150 },
    );
    await expectUnmoved();
  });

  it('answers recorded commands that were changed', async () => {
    const change = fc.record({
      which: fc.nat(RECORDED.length - 1),
      at: fc.nat(80),
      byte: fc.nat(255),
      kind: fc.nat(2),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 6 }), async (list) => {
        const lines = RECORDED.map((line) => Buffer.from(line));
        for (const { which, at, byte, kind } of list) {
          const line = lines[which] ?? Buffer.alloc(0);
          const where = at % Math.max(1, line.length);
          if (kind === 0) line[where] = byte;
          else if (kind === 1) lines[which] = line.subarray(0, where);
          else lines[which] = Buffer.concat([line.subarray(0, where), line, line.subarray(where)]);
        }
        await say(lines);
      }),
      { numRuns: 150 },
    );
    await expectUnmoved();
  });

  it.each([
    ['a line without end', [Buffer.alloc(20_000, 'a')]],
    ['a line of the greatest length', [Buffer.from(`${'a'.repeat(12_285)}\n`)]],
    ['greetings without end, of which none is read', [Buffer.from('hello\n'.repeat(50_000))]],
    ['empty lines', [Buffer.alloc(30_000, '\n')]],
    ['an end, though something is protected', [Buffer.from('end\n')]],
  ])('bears %s', async (_, pieces) => {
    await say(pieces);
    await expectUnmoved();
  });

  it('bears visitors who come in crowds, say half a line and go, or stay and say nothing', async () => {
    const half = Array.from({ length: 40 }, () => {
      const socket = connect({ path: socketPath() }, () => socket.write('adopt 7700 7'));
      socket.on('error', () => {});
      return socket;
    });
    // Some find no room in the crowd, at the socket or within.
    await Promise.all(
      half.map((socket) => new Promise((resolve) => socket.on('connect', resolve).on('close', resolve))),
    );
    for (const socket of half) socket.destroy();
    await expectUnmoved();
  });

  it('keeps no descriptor that it was not to have, and takes none in the place of a device', async () => {
    mkdirSync(world.path('here'));
    const program = `
import array, os, socket, sys
def say(line, fds):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.sendmsg([line], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else [])
    s.sendall(b"\\nactivity\\n")
    heard = b""
    while b"regions " not in heard:
        more = s.recv(65536)
        if not more: break
        heard += more
    s.close()
    return heard.decode("latin1")
null = os.open("/dev/null", os.O_RDWR)
one, other = os.pipe()
here = os.open(sys.argv[2], os.O_PATH)
for count in (0, 1, 2, 3, 4, 5, 50):
    print(count, say(b"activity\\n", [null] * count).count("regions"))
    print(count, "ok\\n" in say(b"adopt 7701 7f zz\\n", [null] * count))
    if count != 2: print(count, "ok\\n" in say(b"adopt 7701 7f 2f61\\n", [null] * min(count, 1)))
for device in (null, one, other, here):
    say(b"adopt 7702 7f 2f61\\nserve 7702\\nexpose 7702 7f\\nsettle 7702 5 now\\nsilence 7702\\nrecord 7702\\n", [device, here])
    say(b"drop 7702\\n", [])
`;
    const said = execFileSync('python3', ['-c', program, socketPath(), world.path('here')], { encoding: 'utf8' });
    expect(said).not.toContain('True');
    for (const count of [0, 1, 2, 3, 4, 5, 50]) expect(said).toMatch(new RegExp(`^${count} [1-9]$`, 'm'));
    await expectUnmoved();
  });
});
