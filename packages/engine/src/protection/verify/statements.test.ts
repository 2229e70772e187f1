import { brand } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import { expect, it } from 'vitest';
import type { SourceFile } from '../../ports.ts';
import type { MirrorRoot, MirrorWorld } from '../mirror/world.ts';
import { Statements } from './statements.ts';

const node = brand<NodeId>(7n);
const world = { hash: () => new Uint8Array(32), digestName: () => 'sha256' } as unknown as MirrorWorld;
const file = { read: (_: number, into: Uint8Array) => into.fill(1).length } as unknown as SourceFile;
const rootWith = (nlink: number | null): MirrorRoot =>
  ({ index: 0, files: { stat: () => (nlink === null ? null : { nlink }) } }) as unknown as MirrorRoot;

it.each([
  [1, true],
  [0, false],
  [null, false],
])('[VER1] of a file with %s names that is still open here something is said: %s', (nlink, said) => {
  const statement = new Statements(world).content(rootWith(nlink), node, file, { offset: 0, length: 4096, tries: 0 });
  expect(statement !== null).toBe(said);
});
