import { brand, type RawName } from '@understudy/base';
import { FileError, type Handle, type OpenPast } from '@understudy/engine';
import { type Attributes, NO_ATTRIBUTES } from '@understudy/wire';
import { describe, expect, it } from 'vitest';
import { PastTree } from './past-tree.ts';

const raw = (text: string) => brand<RawName>(text);

interface Node {
  readonly [name: string]: Node | string;
}

/** A root as it was: directories by their names, files by their content. */
function pastOf(prefix: string, top: Node, handles: Map<Node | string, string> = new Map()) {
  const nodes = new Map<Handle, Node | string>();
  const handleOf = (node: Node | string): Handle => {
    const known = handles.get(node) ?? `${prefix}${handles.size + 1}`;
    handles.set(node, known);
    nodes.set(known as Handle, node);
    return known as Handle;
  };
  const directory = (handle: Handle): Node | null => {
    const node = nodes.get(handle);
    return typeof node === 'object' ? node : null;
  };
  const root = handleOf(top);
  return {
    root,
    attributes: (handle: Handle): Attributes | null =>
      nodes.has(handle) ? { ...NO_ATTRIBUTES, mode: directory(handle) === null ? 0o100644 : 0o040700 } : null,
    entry: (handle: Handle, name: RawName) => {
      const child = directory(handle)?.[name];
      return child === undefined ? null : { handle: handleOf(child) };
    },
    list: (handle: Handle) => {
      const node = directory(handle);
      return node === null
        ? null
        : Object.entries(node).map(([name, child]) => ({ name: raw(name), handle: handleOf(child) }));
    },
    read: (handle: Handle, offset: number, length: number) => {
      const node = nodes.get(handle);
      return typeof node === 'string' ? Buffer.from(node).subarray(offset, offset + length) : null;
    },
    readLink: () => null,
    xattrs: () => [[raw('user.of'), Buffer.from(prefix)] as const],
  };
}

function treeOf(roots: Readonly<Record<string, Node>>, handles?: Map<Node | string, string>) {
  const state = { isKept: true };
  const paths = Object.keys(roots).map(raw);
  const pasts = Object.values(roots).map((top, index) => [index, pastOf(`r${index}-`, top, handles)] as const);
  const past = {
    roots: new Map(pasts),
    get isKept() {
      return state.isKept;
    },
  } as unknown as Pick<OpenPast, 'roots' | 'isKept'>;
  const tree = new PastTree(past, paths);
  const walk = (path: string) =>
    path.split('/').reduce<string | null>((at, name) => {
      if (at === null || name === '') return at;
      return tree.entry(at as never, raw(name));
    }, tree.root);
  const names = (path: string) => {
    const key = walk(path);
    return (key === null ? null : tree.list(key as never))?.map(({ name }) => name).sort();
  };
  const text = (path: string) => {
    const key = walk(path);
    const read = key === null ? null : tree.read(key as never, 0, 100);
    return read === null ? null : Buffer.from(read).toString();
  };
  return { tree, state, walk, names, text };
}

describe('a moment of all roots as one tree', () => {
  it('shows each root at the path that it has on the source, and makes up what lies above', () => {
    const { tree, walk, names, text } = treeOf({
      '/srv/data': { letter: 'Dear' },
      '/srv/www/site': { index: 'home' },
      '/mail': { anna: { notes: 'mine' } },
    });
    expect(names('/')).toEqual(['mail', 'srv']);
    expect(names('/srv')).toEqual(['data', 'www']);
    expect(names('/srv/www')).toEqual(['site']);
    expect([text('/srv/data/letter'), text('/srv/www/site/index'), text('/mail/anna/notes')]).toEqual([
      'Dear',
      'home',
      'mine',
    ]);
    expect(tree.attributes(walk('/srv/www') as never)).toMatchObject({ mode: 0o040755 });
    expect(tree.attributes(walk('/srv/www/site') as never)).toMatchObject({ mode: 0o040700 });
    expect(tree.read(walk('/srv') as never, 0, 1)).toBeNull();
    expect(tree.xattrs(walk('/srv') as never)).toEqual([]);
    expect(tree.xattrs(walk('/mail') as never)).toEqual([['user.of', Buffer.from('r2-')]]);
  });

  it('knows nothing beside the roots, and no name that only begins like one', () => {
    const { walk } = treeOf({ '/srv/data': { letter: 'Dear' } });
    for (const path of ['/etc', '/srv/dat', '/srv/data2', '/srv/data/none', '/srv/data/letter/x'])
      expect(walk(path)).toBeNull();
  });

  it('a root that is the whole file system is the top itself', () => {
    const { names, text } = treeOf({ '/': { etc: { hostname: 'alpha' } } });
    expect(names('/')).toEqual(['etc']);
    expect(text('/etc/hostname')).toBe('alpha');
  });

  it('what is the top of another root belongs to that one, whichever way it is found', () => {
    const inner: Node = { deep: 'in the inner one' };
    const { tree, walk, text } = treeOf({ '/srv': { data: inner }, '/srv/data': inner }, new Map());
    const byName = walk('/srv/data');
    const listed = tree.list(walk('/srv') as never)?.find(({ name }) => name === 'data')?.key;
    expect(byName).toBe(listed);
    expect(Buffer.from(tree.xattrs(byName as never)?.[0]?.[1] ?? '').toString()).toBe('r1-');
    expect(text('/srv/data/deep')).toBe('in the inner one');
  });

  it('answers EIO and never other bytes once the moment is not kept any more', () => {
    const { tree, state, walk } = treeOf({ '/srv/data': { letter: 'Dear' } });
    const key = walk('/srv/data/letter') as never;
    state.isKept = false;
    for (const ask of [() => tree.read(key, 0, 4), () => tree.attributes(key), () => tree.list(tree.root)])
      expect(ask).toThrow(expect.objectContaining({ code: 'EIO' }));
    expect(() => tree.readLink(key)).toThrow(FileError);
  });

  it('says that a file is stale whose root is not of this moment', () => {
    const { tree } = treeOf({ '/srv/data': {} });
    expect(() => tree.attributes('7:gone' as never)).toThrow(expect.objectContaining({ code: 'ESTALE' }));
  });
});
