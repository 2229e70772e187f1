import { FORGET_IN_PLACE, type Reply, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { sayRoot } from '../testing/mirror-source.ts';
import { DIRECTORY, type ModelNode, ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

let rig: Rig;
let source: ModelSource;
const name = (text: string) => text as never;
const outside = () =>
  rig.replies
    .filter((reply): reply is Extract<Reply, { kind: 'orphan' }> => reply.kind === 'orphan')
    .map(({ path, fate }) => [Buffer.from(path, 'base64').toString(), fate]);

beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
});

const leave = (parent: ModelNode, text: string, node: ModelNode): void =>
  source.say({ verb: Verb.forget, detail: FORGET_IN_PLACE, parent: parent.id, name: name(text), node: node.id });

function listedWith(text: string, node: ModelNode): void {
  source.say({ verb: Verb.listingBegin, parent: source.root.id });
  leave(source.root, text, node);
  const { root } = source;
  source.say({ verb: Verb.listingEnd, parent: root.id, node: root.id, attributes: source.attributes(root) });
}

describe('[MIR6] what other rules put out', () => {
  it("stays in place with all that is beneath, is told of, is nobody's, and a second time does no harm", () => {
    const folder = source.make(source.root, 'cache', DIRECTORY);
    const file = source.make(folder, 'file', REGULAR);
    source.write(file, 0, [1, 2, 3]);
    rig.run(source.records);
    const before = rig.tree();
    listedWith('cache', folder);
    listedWith('cache', folder);
    rig.run(source.records);
    expect([...rig.tree().keys()]).toEqual([...before.keys()]);
    expect(rig.limbo()).toEqual([]);
    expect(outside()).toEqual([
      ['cache', 'outside'],
      ['cache', 'outside'],
    ]);
    // An operation of before that is played again finds nothing of it: it is not known any more.
    source.write(file, 0, [9]);
    rig.run(source.records);
    expect(rig.replies.at(-1)).toMatchObject({ kind: 'failed', errno: 'ESTALE' });
  });

  it('of which the target has nothing is not told of, and another node at the name is left to the listing', () => {
    const other = source.make(source.root, 'name', REGULAR);
    rig.run(source.records);
    const stranger = { ...other, id: (other.id + 1000n) as never };
    leave(source.root, 'none', stranger);
    leave(source.root, 'name', stranger);
    rig.run(source.records);
    expect(outside()).toEqual([]);
    source.write(other, 0, [7]);
    rig.run(source.records);
    expect(rig.tree()).toEqual(source.tree());
  });

  it('a file with a further name stays known, for that name may be inside', () => {
    const file = source.make(source.root, 'inside', REGULAR);
    source.link(file, source.root, 'outside');
    rig.run(source.records);
    leave(source.root, 'outside', file);
    source.write(file, 0, [4, 5]);
    rig.run(source.records);
    expect(rig.tree()).toEqual(source.tree());
    expect(outside()).toEqual([['outside', 'outside']]);
  });
});
