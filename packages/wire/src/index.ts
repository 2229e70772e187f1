/** wire: what two processes say to each other, and nothing else. Pure: no Node, no clock, no socket. */
export * from './management/index.ts';
export * from './replication/frame.ts';
export * from './replication/messages.ts';
export * from './replication/record.ts';
export * from './replication/xattrs.ts';
