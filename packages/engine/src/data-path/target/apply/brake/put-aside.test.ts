/** What a killed agent had put aside and not written down, where a way back is kept: what is put aside counts as gone there. */
import type { RawName } from '@understudy/base';
import { MirrorCompare, position, Verb } from '@understudy/wire';
import { expect, it } from 'vitest';
import { sayRoot } from '../../testing/mirror-source.ts';
import { DIRECTORY, ModelSource, REGULAR } from '../../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../../testing/rig.ts';

class Killed extends Error {}

it('[TCM5] what lay in a directory that was put aside is not known any more, though the agent was killed before that was written down', () => {
  const rig = new Rig({ brakes: true, undo: () => ({ ageMs: 3_600_000, bytes: 1 << 30 }) });
  const source = new ModelSource();
  const apply = () => {
    rig.wallMs += 4000;
    rig.run(source.records);
  };
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.everything });
  sayRoot(source, ROOT_PATH);
  source.say({ verb: Verb.mirrorEnd });
  apply();
  const top = source.make(source.root, 'top', DIRECTORY);
  const inner = source.make(top, 'inner', DIRECTORY);
  const file = source.make(inner, 'file', REGULAR);
  apply();
  source.say({ verb: Verb.detach, parent: source.root.id, name: 'top' as RawName, node: top.id });
  source.say({ verb: Verb.forget, node: top.id });
  const { unlink } = rig.replica;
  // The note of the path that it had goes behind all else.
  rig.replica.unlink = () => {
    throw new Killed();
  };
  expect(apply).toThrow(Killed);
  rig.replica.unlink = unlink;
  rig.restart();
  const said = source.records.length;
  for (const [node, parent, name] of [
    [top, source.root, 'top'],
    [inner, top, 'inner'],
    [file, inner, 'file'],
  ] as const) {
    const about = { node: node.id, attributes: source.attributes(node) };
    source.say({ verb: Verb.entry, parent: parent.id, name: name as RawName, ...about });
  }
  apply();
  expect(rig.replies.filter(({ at }) => at > position(said)).map(({ kind }) => kind)).toEqual(['want', 'want', 'want']);
  expect([...rig.tree().keys()]).toEqual([...source.tree().keys()]);
});
