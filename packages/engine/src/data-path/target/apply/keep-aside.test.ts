/** What lies where once it has left the replica: names, times, clashes, what a killed agent knows of it. */
import type { RawName } from '@understudy/base';
import { MirrorCompare, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { FileError } from '../../../ports.ts';
import { sayRoot } from '../testing/mirror-source.ts';
import { bytesOf, DIRECTORY, type ModelNode, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';
import { folderName } from './keep-aside.ts';

let rig: Rig;
let source: ModelSource;
const name = (text: string) => text as RawName;
const apply = (): void => rig.run(source.records);
/** Of the target's clock, as the rig begins. */
let TIME: string;

beforeEach(() => {
  rig = new Rig({ brakes: true });
  TIME = folderName(rig.wallMs);
  source = new ModelSource();
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  sayRoot(source, ROOT_PATH);
  source.say({ verb: Verb.mirrorEnd });
});

/** As the source says it of a rename out of the set. */
function leaves(parent: ModelNode, text: string, node: ModelNode): void {
  source.say({ verb: Verb.detach, parent: parent.id, name: name(text) });
  source.say({ verb: Verb.forget, node: node.id });
}

function emptyMirror(): void {
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.attributes });
  source.say({ verb: Verb.listingBegin, parent: source.root.id });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes });
  source.say({ verb: Verb.mirrorEnd });
}

describe('[MIR6] what a rename takes out of the set', () => {
  it('lies under its path and the time, and a second of that path gets a number', () => {
    const folder = source.make(source.root, 'folder', DIRECTORY);
    for (let i = 0; i < 2; i += 1) {
      const file = source.make(folder, 'file', REGULAR);
      source.write(file, 0, [1, 2, 3]);
      leaves(folder, 'file', file);
      folder.children.delete('file');
    }
    apply();
    expect(rig.aside()).toEqual([`kept/${TIME}/folder/file`, `kept/${TIME}/folder/file~2`]);
    expect(rig.limbo().filter((one) => !one.startsWith('undo-'))).toEqual(['kept']);
  });

  it('a directory goes with all that is in it by one rename, and finds its path taken by a folder of ours', () => {
    const folder = source.make(source.root, 'folder', DIRECTORY);
    const first = source.make(folder, 'first', REGULAR);
    for (let i = 0; i < 50; i += 1) source.make(folder, `file-${i}`, REGULAR);
    // The root is not to become empty: the brake would hold for that.
    source.make(source.root, 'stays', REGULAR);
    leaves(folder, 'first', first);
    apply();
    const renames: string[] = [];
    rig.replica.beforeChange = (call) => {
      if (call === 'renameat2') renames.push(call);
    };
    leaves(source.root, 'folder', folder);
    apply();
    // To limbo, and from there.
    expect(renames).toHaveLength(2);
    expect(rig.aside()).toHaveLength(51);
    expect(rig.aside()).toContain(`kept/${TIME}/folder~2/file-7`);
    // Its files are known no longer.
    source.write(folder.children.get('file-7') as ModelNode, 0, [9]);
    apply();
    expect(rig.replies.at(-1)).toMatchObject({ kind: 'failed', errno: 'ESTALE' });
  });

  it('names of any bytes and of any length are what they were, cut only where they need a number', () => {
    const odd = '\n\x01\xff’'.replace('’', '\xe2\x80');
    const long = 'x'.repeat(255);
    for (const text of [odd, long, long]) {
      const file = source.make(source.root, text, REGULAR);
      leaves(source.root, text, file);
    }
    apply();
    const at = `kept/${TIME}/`;
    expect(rig.aside()).toEqual([`${at}${odd}`, `${at}${long}`, `${at}${long.slice(0, 253)}~2`].sort());
  });

  it('hard links within a directory stay what they are; one that has a name in the set does not change with it', () => {
    const folder = source.make(source.root, 'folder', DIRECTORY);
    const both = source.make(folder, 'one', REGULAR);
    source.link(both, folder, 'two');
    const shared = source.make(folder, 'inner', REGULAR);
    source.link(shared, source.root, 'outer');
    apply();
    leaves(source.root, 'folder', folder);
    source.write(shared, 0, [5]);
    source.root.children.delete('folder');
    shared.nlink = 1;
    apply();
    expect(rig.aside()).toEqual([`kept/${TIME}/folder/one`, `kept/${TIME}/folder/two`]);
    const files = rig.replica;
    const kept = files.entry(files.limbo, name('kept'));
    const time = kept === null ? null : files.entry(kept.handle, name(TIME));
    const aside = time === null ? null : files.entry(time.handle, name('folder'));
    const [one, two] = ['one', 'two'].map((text) => (aside === null ? null : files.entry(aside.handle, name(text))));
    expect([one?.attributes.nlink, one?.handle === two?.handle]).toEqual([2, true]);
    expect(files.entry(files.root, name('outer'))?.attributes.nlink).toBe(1);
  });

  it('what waits is found again under its path by a mirror, also over a restart', () => {
    const folder = source.make(source.root, 'folder', DIRECTORY);
    source.make(folder, 'file', REGULAR);
    const other = source.make(source.root, 'other', REGULAR);
    apply();
    source.say({ verb: Verb.detach, parent: folder.id, name: name('file') });
    apply();
    expect(rig.aside()).toEqual([]);
    rig.restart();
    source.root.children.clear();
    emptyMirror();
    apply();
    expect(rig.aside()).toEqual([`gone/${TIME}/folder/file`, `gone/${TIME}/folder~2`, `gone/${TIME}/other`]);
    expect(rig.limbo().filter((one) => !one.startsWith('undo-'))).toEqual(['gone']);
    expect(rig.apply.stream.complete).toBe(true);
    source.write(other, 0, [1]);
    apply();
    expect(rig.replies.at(-1)).toMatchObject({ kind: 'failed', errno: 'ESTALE' });
  });

  it('where its path cannot be noted it keeps what is known of its name, and no operation fails for it', () => {
    const file = source.make(source.root, 'file', REGULAR);
    apply();
    rig.replica.beforeChange = (call) => {
      if (call === 'symlinkat') throw new FileError('EPERM', call);
    };
    leaves(source.root, 'file', file);
    apply();
    expect(rig.aside()).toEqual([expect.stringMatching(new RegExp(`^kept/${TIME}/[0-9a-f]+$`))]);
    expect(rig.replies).toEqual([]);
  });

  it('a note that leads elsewhere is no path', () => {
    const file = source.make(source.root, 'file', REGULAR);
    apply();
    source.say({ verb: Verb.detach, parent: source.root.id, name: name('file') });
    apply();
    const { replica } = rig;
    const note = (replica.list(replica.limbo) ?? []).find((one) => one.name.startsWith('was-'));
    if (note === undefined) throw new Error('there is a note');
    replica.unlink(replica.limbo, note.name);
    replica.makeSymlink(replica.limbo, note.name, bytesOf('/../../etc/./passwd'), source.attributes(file));
    source.say({ verb: Verb.forget, node: file.id });
    apply();
    expect(rig.aside()).toEqual([`kept/${TIME}/etc/passwd`]);
  });
});

describe('[MIR4] what never came from the source and has to make way', () => {
  it('lies with the orphans under its path', () => {
    const folder = source.make(source.root, 'folder', DIRECTORY);
    apply();
    const parent = rig.replica.entry(rig.replica.root, name('folder'));
    if (parent === null) throw new Error('it is there');
    rig.replica.createFile(parent.handle, name('theirs'), { ...source.attributes(source.root), mode: REGULAR | 0o600 });
    source.make(folder, 'theirs', DIRECTORY);
    apply();
    expect(rig.aside()).toEqual([`orphans/${TIME}/folder/theirs`]);
    expect(rig.events).toMatchObject([{ kind: 'set-aside', sentence: expect.stringContaining('orphans/') }]);
  });
});
