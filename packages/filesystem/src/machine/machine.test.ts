import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import { FileError } from '@understudy/engine';
import { describe, expect, it } from 'vitest';
import { bootId, fileSystemOf, mountTable, parseMountTable, rawArgv, realPathRaw } from '../index.ts';
import { bytesOf, raw } from '../testing/scratch.ts';

describe.skipIf(process.platform !== 'linux')('the machine', () => {
  it('reads a mount table with optional fields and octal escapes', () => {
    const text = [
      '36 35 98:0 /mnt1 /mnt\\0402/a\\134b rw,noatime master:1 propagate_from:2 - ext4 /dev/root\\011x rw,errors=continue',
      '37 35 0:44 / /bytes\xff\xfe ro - fuse.understudy understudy ro',
      'nonsense',
      '',
    ].join('\n');
    const [first, second, ...rest] = parseMountTable(raw(text));
    expect(first).toEqual({
      id: 36,
      parentId: 35,
      device: '98:0',
      root: '/mnt1',
      mountPoint: '/mnt 2/a\\b',
      options: ['rw', 'noatime'],
      type: 'ext4',
      source: '/dev/root\tx',
      superOptions: ['rw', 'errors=continue'],
    });
    expect([second?.mountPoint, second?.type, rest]).toEqual(['/bytes\xff\xfe', 'fuse.understudy', []]);
  });

  it('knows the root and /proc', () => {
    expect(mountTable().some((mount) => mount.mountPoint === '/')).toBe(true);
    const proc = fileSystemOf(raw('/proc/self/status'));
    expect([proc.type, proc.supportsHandles, proc.mountPoint]).toEqual(['proc', false, '/proc']);
  });

  it('measures the file system of a folder and of a file', () => {
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-machine-'));
    try {
      fs.writeFileSync(`${folder}/file`, '');
      const info = fileSystemOf(raw(folder));
      expect(info.totalBytes).toBeGreaterThan(info.freeBytes);
      expect(info.freeBytes).toBeGreaterThanOrEqual(info.availableBytes);
      expect(info.readOnly).toBe(false);
      expect(fileSystemOf(raw(`${folder}/file`))).toMatchObject({ type: info.type, device: info.device });
      expect(() => fileSystemOf(raw(`${folder}/missing`))).toThrow(FileError);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('resolves links in paths of any bytes', () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'understudy-machine-')));
    try {
      fs.mkdirSync(bytesOf(`${folder}/\xff`));
      fs.symlinkSync(bytesOf('\xff'), `${folder}/link`);
      expect(realPathRaw(raw(`${folder}/link/../link`))).toBe(`${folder}/\xff`);
      expect(() => realPathRaw(raw(`${folder}/missing`))).toThrow(/realpath: ENOENT/);
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });

  it('knows the boot and its own command line', () => {
    expect(bootId()).toMatch(/^[0-9a-f-]{36}$/);
    expect(bootId()).toBe(bootId());
    expect(rawArgv()[0]).toMatch(/node/);
  });

  it('gives arguments byte for byte', () => {
    const entry = new URL('../index.ts', import.meta.url).pathname;
    const program = `import { rawArgv } from ${JSON.stringify(entry)}; console.log(JSON.stringify(rawArgv().slice(-2)))`;
    const command = 'exec "$0" --conditions=source --import tsx --input-type=module -e "$1" "$(printf "\\377x")" ""';
    const out = execFileSync('sh', ['-c', command, process.execPath, program], {
      encoding: 'utf8',
      cwd: path.dirname(entry),
    });
    expect(JSON.parse(out)).toEqual(['\xffx', '']);
  });
});
