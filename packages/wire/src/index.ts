/** wire: what two processes say to each other, and nothing else. Pure: no Node, no clock, no socket. */
export * from './replication/messages.ts';
export * from './replication/record.ts';
