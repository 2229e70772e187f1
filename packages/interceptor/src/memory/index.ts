/** memory: a deterministic file system and its interceptor, pure, for the simulation and for tests. */
export {
  ACCESS_ACL,
  AclTag,
  DEFAULT_ACL,
  decodeAcl,
  encodeAcl,
  isModeOnly,
  permissionsOf,
  withPermissions,
} from './access-list.ts';
export { PAGE, SparseContent } from './content.ts';
export { FallocateMode, type WriteOptions } from './memory-contents.ts';
export { MemoryFileSystem } from './memory-file-system.ts';
export { MemoryInterceptor, type MemoryInterceptorOptions } from './memory-interceptor.ts';
export type { MemoryOwner } from './memory-nodes.ts';
export { MemorySourceFiles } from './memory-source-files.ts';
export { FileType, type Timestamp } from './node.ts';
export { RecordRing } from './record-ring.ts';
