/** engine: the data path and the life of a job. Pure; the world comes in through ports.ts. */
export * from './ports.ts';
