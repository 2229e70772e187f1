import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { coverAt, coverReadOnly, mountAt, mountTable, openReplicaTree, uncover } from '../index.ts';
import { attributes, cannotRun, raw, scratchFolder } from '../testing/scratch.ts';

describe.skipIf(cannotRun() !== null)('[TRM3] a read-only cover', () => {
  let folder: ReturnType<typeof scratchFolder>;
  let replica: string;
  const below = () => mountTable().filter(({ mountPoint }) => mountPoint.startsWith(`${folder.path}/`));
  beforeEach(() => {
    folder = scratchFolder();
    replica = `${folder.path}/replica`;
    fs.mkdirSync(`${replica}/inner`, { recursive: true });
    fs.writeFileSync(`${replica}/file`, 'before');
  });
  afterEach(() => {
    for (const { mountPoint } of below().reverse()) execFileSync('umount', ['-l', mountPoint]);
    folder.remove();
  });

  it('keeps others from writing and not from reading, is put up once, and leaves nothing', () => {
    expect(coverAt(raw(replica))).toBeNull();
    coverReadOnly(raw(replica));
    coverReadOnly(raw(replica));
    expect(below()).toHaveLength(1);
    expect(coverAt(raw(replica))?.mountPoint).toBe(replica);
    expect(coverAt(raw(`${replica}/inner`))).toBeNull();
    expect(() => fs.writeFileSync(`${replica}/file`, 'by others')).toThrow(/EROFS/);
    expect(() => fs.mkdirSync(`${replica}/inner/new`)).toThrow(/EROFS/);
    expect(() => fs.rmSync(replica, { recursive: true })).toThrow();
    expect(fs.readFileSync(`${replica}/file`, 'utf8')).toBe('before');
    expect(uncover(raw(replica))).toEqual([]);
    expect(below()).toEqual([]);
    fs.writeFileSync(`${replica}/file`, 'again');
    expect(uncover(raw(replica))).toEqual([]);
    expect(uncover(raw(`${replica}/missing`))).toEqual([]);
  });

  it('is found through links, and nothing that others mounted is taken for one', () => {
    fs.symlinkSync(replica, `${folder.path}/link`);
    coverReadOnly(raw(`${folder.path}/link`));
    expect(coverAt(raw(replica))?.mountPoint).toBe(replica);
    expect(uncover(raw(`${folder.path}/link`))).toEqual([]);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro', 'tmpfs', replica]);
    expect(coverAt(raw(replica))).toBeNull();
    expect(uncover(raw(replica))).toEqual([]);
    execFileSync('umount', [replica]);
    fs.mkdirSync(`${folder.path}/elsewhere`);
    execFileSync('mount', ['--bind', '-o', 'ro', `${folder.path}/elsewhere`, replica]);
    expect(coverAt(raw(replica))).toBeNull();
    expect(mountAt(raw(replica)).inside).toBe(mountAt(raw(`${folder.path}/elsewhere`)).inside);
  });

  it('lets a tree be opened, made and changed behind it', () => {
    coverReadOnly(raw(replica));
    const tree = openReplicaTree({
      rootPath: raw(`${replica}/inner/root`),
      limboPath: raw(`${replica}/inner/limbo`),
      create: true,
    });
    try {
      tree.createFile(tree.root, raw('made'), attributes(0o100644));
      expect(fs.readdirSync(`${replica}/inner/root`)).toEqual(['made']);
      expect(fs.statSync(`${replica}/inner/limbo`).mode & 0o777).toBe(0o700);
    } finally {
      tree.close();
    }
  });

  it('goes though others stand within it, who may then write', async () => {
    coverReadOnly(raw(replica));
    const stander = await standing(replica);
    try {
      expect(uncover(raw(replica))).toEqual([]);
      expect(below()).toEqual([]);
      expect(await stander.say('echo from within > inner/by-them && cat inner/by-them')).toBe('from within');
      expect(fs.readFileSync(`${replica}/inner/by-them`, 'utf8')).toBe('from within\n');
    } finally {
      await stander.end();
    }
  });

  it('keeps what was mounted beneath visible, and stays where others have mounted something within it since', () => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${replica}/inner`]);
    fs.writeFileSync(`${replica}/inner/before`, '');
    coverReadOnly(raw(replica));
    expect(fs.readdirSync(`${replica}/inner`)).toEqual(['before']);
    expect(uncover(raw(replica))).toEqual([]);
    expect(fs.readdirSync(`${replica}/inner`)).toEqual(['before']);
    execFileSync('umount', [`${replica}/inner`]);

    coverReadOnly(raw(replica));
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${replica}/inner`]);
    expect(uncover(raw(replica))).toEqual([`${replica}/inner`]);
    fs.writeFileSync(`${replica}/file`, 'writable again');
    execFileSync('umount', [`${replica}/inner`]);
  });

  it('reaches every view that shares these mounts, and leaves them all', () => {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', `${replica}/inner`]);
    execFileSync('mount', ['--make-shared', `${replica}/inner`]);
    fs.mkdirSync(`${replica}/inner/deep`);
    fs.mkdirSync(`${folder.path}/view`);
    execFileSync('mount', ['--bind', `${replica}/inner`, `${folder.path}/view`]);
    coverReadOnly(raw(`${replica}/inner/deep`));
    expect(() => fs.writeFileSync(`${folder.path}/view/deep/x`, '')).toThrow(/EROFS/);
    const tree = openReplicaTree({ rootPath: raw(`${replica}/inner/deep`), limboPath: raw(`${replica}/inner/limbo`) });
    tree.createFile(tree.root, raw('behind'), attributes(0o100644));
    tree.close();
    expect(uncover(raw(`${replica}/inner/deep`))).toEqual([]);
    fs.writeFileSync(`${folder.path}/view/deep/x`, '');
    expect(fs.readdirSync(`${replica}/inner/deep`)).toEqual(['behind', 'x']);
    expect(below()).toHaveLength(2);
  });
});

/** A shell that stands in this directory. */
async function standing(directory: string) {
  const shell: ChildProcess = spawn('sh', [], { cwd: directory, stdio: ['pipe', 'pipe', 'inherit'] });
  const say = async (command: string) => {
    shell.stdin?.write(`${command}\n`);
    const [answer] = (await once(shell.stdout as NodeJS.ReadableStream, 'data')) as [Buffer];
    return answer.toString().trim();
  };
  await say('pwd');
  return {
    say,
    end: async () => {
      const gone = once(shell, 'exit');
      shell.stdin?.end();
      await gone;
    },
  };
}
