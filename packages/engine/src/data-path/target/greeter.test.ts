import { position, Verb } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { FileError } from '../../ports.ts';
import { base64, fromBase64 } from './apply/base64.ts';
import { sayRoot } from './testing/mirror-source.ts';
import { ModelSource } from './testing/model-source.ts';
import { Rig, ROOT_PATH } from './testing/rig.ts';

function running(): Rig {
  const source = new ModelSource();
  sayRoot(source, ROOT_PATH);
  source.make(source.root, 'a', 0o100000);
  const rig = new Rig();
  rig.run(source.records);
  return rig;
}

describe('a source that says hello', () => {
  it('[TCM4] goes on behind what is applied', () => {
    const rig = running();
    rig.restart();
    const answer = rig.hello({ oldest: position(2), next: position(9) });
    expect(answer).toMatchObject({
      kind: 'welcome',
      welcome: { resumes: true, replaces: false, received: 3, applied: 3 },
    });
  });

  it.each([
    ['its stream is another', { streamId: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c99', next: position(9) }],
    ['it no longer holds what comes next', { oldest: position(5), next: position(9) }],
    ['it knows less than was applied', { next: position(2) }],
  ])('begins anew where %s', (_why, over) => {
    const rig = running();
    const answer = rig.hello(over);
    const before = over.next - 1;
    const welcome = { resumes: false, replaces: true, received: before, applied: before };
    expect(answer).toMatchObject({ kind: 'welcome', welcome });
    expect(rig.apply.stream).toMatchObject({ applied: before, complete: false });
  });

  it('replaces nobody where it is the first that is heard of', () => {
    expect(new Rig().hello()).toMatchObject({ welcome: { resumes: false, replaces: false } });
  });

  it('[TCM3] is refused as superseded when a higher epoch has been seen, also after a restart', () => {
    const rig = running();
    rig.hello({ epoch: 4, next: position(4) });
    rig.restart();
    expect(rig.hello({ epoch: 3, next: position(4) })).toMatchObject({
      kind: 'refuse',
      refuse: { code: 'superseded' },
    });
    expect(rig.hello({ epoch: 4, next: position(4) })).toMatchObject({ kind: 'welcome' });
  });

  it('is refused where its roots are no paths', () => {
    const roots = [{ path: base64('etc' as never), node: 100n as never }];
    expect(new Rig().hello({ roots })).toMatchObject({ kind: 'refuse', refuse: { code: 'protocol' } });
  });

  it('is refused where the replica cannot be opened', () => {
    const rig = new Rig();
    rig.openRoot = () => {
      throw new FileError('ENOTDIR', 'open');
    };
    expect(rig.hello()).toMatchObject({ kind: 'refuse', refuse: { code: 'replica-path-invalid' } });
  });

  it('[TCM5] the target says that it replays until it is past what had begun', () => {
    const rig = running();
    rig.journal.begin(position(5));
    rig.restart();
    expect(rig.apply.condition.state).toBe('replaying');
    const source = new ModelSource();
    for (let i = 0; i < 5; i += 1) source.say({ verb: Verb.marker });
    rig.run(source.records);
    expect(rig.apply.condition.state).toBe('ok');
  });
});

describe('base64', () => {
  it.each(['', 'f', 'fo', 'foo', 'foob', '\xff\x00\xfe', '/srv/d\xe4ta'])('keeps %j', (text) => {
    expect(base64(text as never)).toBe(Buffer.from(text, 'latin1').toString('base64'));
    expect(fromBase64(base64(text as never))).toBe(text);
  });

  it('knows what is none', () => {
    expect(fromBase64('abc')).toBeNull();
    expect(fromBase64('a=bc')).toBeNull();
  });
});
