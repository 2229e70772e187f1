/**
 * filesystem: faithful access to files on Linux by file handle. It implements the engine's ports SourceFiles and ReplicaFiles,
 * and says what this machine's file systems are. Everything that takes a file name takes its bytes.
 */

export { type CompareOptions, compareTrees, type Difference } from './compare/compare-trees.ts';
export { type FileSystemInfo, fileSystemOf } from './machine/file-system.ts';
export { below, insideOf, joined, type MountAt, mountAt } from './machine/mount-at.ts';
export { type Mount, mountTable, parseMountTable } from './machine/mount-table.ts';
export { bootId, rawArgv, realPathRaw } from './machine/process.ts';
export { coverAt, coverReadOnly, uncover } from './machine/read-only-cover.ts';
export { openReplicaTree, type ReplicaTreeOptions } from './replica/open-replica-tree.ts';
export { createNodeCodec, type NodeCodec, type NodeIndex } from './source/node-codec.ts';
export { openSourceTree, type SourceTreeOptions } from './source/source-tree.ts';
export { preallocate, syncFileSystemLater } from './syscalls/disk.ts';
export type { ViewKey, ViewTree } from './view/tree.ts';
export { type MountedView, mountView, unmountViews } from './view/view-mount.ts';
