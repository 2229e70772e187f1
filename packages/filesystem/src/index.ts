/**
 * filesystem: faithful access to files on Linux by file handle. It implements the engine's ports SourceFiles and ReplicaFiles,
 * and says what this machine's file systems are. Everything that takes a file name takes its bytes.
 */

export { type CompareOptions, compareTrees, type Difference } from './compare/compare-trees.ts';
export { type FileSystemInfo, fileSystemOf } from './machine/file-system.ts';
export { type Mount, mountTable, parseMountTable } from './machine/mount-table.ts';
export { bootId, rawArgv, realPathRaw } from './machine/process.ts';
export { openReplicaTree, type ReplicaTreeOptions } from './replica/open-replica-tree.ts';
export { createNodeCodec, type NodeCodec } from './source/node-codec.ts';
export { openSourceTree, type SourceTreeOptions } from './source/source-tree.ts';
