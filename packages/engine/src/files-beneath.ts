/** A directory within a root as a root of its own: the same files, beginning there. They are the wider root's to close. */
import type { RawName } from '@understudy/base';
import type { NodeId } from '@understudy/wire';
import type { SourceFiles } from './ports.ts';

export function filesBeneath(files: SourceFiles, rootNode: NodeId): SourceFiles {
  return {
    rootNode,
    stat: (node: NodeId) => files.stat(node),
    entry: (parent: NodeId, name: RawName) => files.entry(parent, name),
    ages: (node: NodeId) => files.ages(node),
    openDirectory: (node: NodeId) => files.openDirectory(node),
    readLink: (node: NodeId) => files.readLink(node),
    xattrs: (node: NodeId) => files.xattrs(node),
    open: (node: NodeId) => files.open(node),
    pathOf: (node: NodeId) => files.pathOf(node),
    close: () => {},
  };
}
