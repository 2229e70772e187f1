/** [SAFE2] The end of a listing of a root in which the source has nothing: what the target takes away, and what it asks about instead. */
import { type RawName, rawFromText } from '@understudy/base';
import { EMPTIED_ROOT, LISTING_TAKES_NOTHING, MirrorCompare, OrphanFate, Verb } from '@understudy/wire';
import { beforeEach, describe, expect, it } from 'vitest';
import { sayRoot } from '../testing/mirror-source.ts';
import { ModelSource, REGULAR } from '../testing/model-source.ts';
import { Rig, ROOT_PATH } from '../testing/rig.ts';

let rig: Rig;
let source: ModelSource;
beforeEach(() => {
  rig = new Rig();
  source = new ModelSource();
  sayRoot(source, ROOT_PATH);
});

function emptyListing(detail: number): void {
  source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
  source.say({ verb: Verb.listingBegin, parent: source.root.id });
  const attributes = source.attributes(source.root);
  source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes, detail, offset: 1 });
  rig.run(source.records);
}

const names = () => (rig.replica.list(rig.replica.root) ?? []).map(({ name }) => name).sort();
const answers = () =>
  rig.replies.map((reply) => (reply.kind === 'differs' ? `${reply.what} ${reply.detail}` : reply.kind));

describe('[SAFE2] the listing of an emptied root', () => {
  it('takes nothing that came from the source, says how much there is, and gives no other answer', () => {
    for (const one of ['a', 'b']) source.make(source.root, one, REGULAR);
    rig.run(source.records);
    rig.replies.length = 0;
    emptyListing(OrphanFate.report | LISTING_TAKES_NOTHING);
    expect(names()).toEqual(['a', 'b']);
    expect(answers()).toEqual([`${EMPTIED_ROOT} 2`]);
  });

  it('takes it where a person has said that it is meant', () => {
    source.make(source.root, 'a', REGULAR);
    rig.run(source.records);
    rig.replies.length = 0;
    emptyListing(OrphanFate.report);
    expect([names(), answers()]).toEqual([[], ['have']]);
  });

  it.each([
    [OrphanFate.report, ['foreign'], ['orphan', 'have']],
    [OrphanFate.move, ['foreign'], [`${EMPTIED_ROOT} 1`]],
    [OrphanFate.delete, ['foreign'], [`${EMPTIED_ROOT} 1`]],
  ])(
    'files that never came from the source are a reason only where they would be taken away (%i)',
    (fate, left, said) => {
      rig.run(source.records);
      rig.replica.createFile(rig.replica.root, rawFromText('foreign') as RawName, {
        ...source.attributes(source.root),
        mode: 0o100644,
      });
      rig.replies.length = 0;
      emptyListing(fate | LISTING_TAKES_NOTHING);
      expect([names(), answers()]).toEqual([left, said]);
    },
  );

  it('is the end of a listing like any other where the replica has nothing either', () => {
    rig.run(source.records);
    rig.replies.length = 0;
    emptyListing(OrphanFate.delete | LISTING_TAKES_NOTHING);
    expect(answers()).toEqual(['have']);
  });

  it('what operations bring meanwhile is not in question', () => {
    rig.run(source.records);
    source.say({ verb: Verb.mirrorBegin, detail: MirrorCompare.checksum });
    source.say({ verb: Verb.listingBegin, parent: source.root.id });
    source.make(source.root, 'new', REGULAR);
    const attributes = source.attributes(source.root);
    const detail = OrphanFate.report | LISTING_TAKES_NOTHING;
    source.say({ verb: Verb.listingEnd, parent: source.root.id, node: source.root.id, attributes, detail });
    rig.run(source.records);
    expect(names()).toEqual(['new']);
    expect(answers()).not.toContain(`${EMPTIED_ROOT} 1`);
  });
});
