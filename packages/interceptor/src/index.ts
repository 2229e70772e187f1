/** interceptor: one contract (the engine's Interceptor port) and its drivers. */
export * from './memory/index.ts';
export { type FuseOptions, openFuseInterceptor, whyFuseCannotRun } from './fuse/index.ts';
