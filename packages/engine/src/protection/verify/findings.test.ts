import { brand } from '@understudy/base';
import { type NodeId, position, type Reply } from '@understudy/wire';
import { expect, it } from 'vitest';
import { TO_THE_END } from '../../data-path/source/queue/ranges.ts';
import { Findings } from './findings.ts';

const node = (id: bigint) => brand<NodeId>(id);
const differs = (of: NodeId, offset: number, extent: number) =>
  ({
    ...{ kind: 'differs', at: position(9), root: 0, node: of, parent: undefined, what: 'content' },
    ...{ path: '', detail: '', offset, extent },
  }) as Extract<Reply, { kind: 'differs' }>;

it('[VER2] what differs of a file that got a range taken out or put in meanwhile is looked for in all of it', () => {
  const findings = new Findings();
  findings.add(differs(node(1n), 8192, 4096));
  findings.shifted({ root: 0, node: node(1n) });
  findings.shifted({ root: 0, node: node(2n) });
  findings.add(differs(node(2n), 8192, 4096));
  findings.add(differs(node(3n), 8192, 4096));
  findings.shifted({ root: 0, node: node(4n) });
  const ranges = [1n, 2n, 3n].map((id) => ({ kind: 'ranges', root: 0, node: node(id), ranges: [8192, 12_288] }));
  const compares = [1n, 2n].map((id) => ({ kind: 'compare', root: 0, node: node(id), ranges: [0, TO_THE_END] }));
  expect(findings.items()).toEqual([...ranges, ...compares]);
});
