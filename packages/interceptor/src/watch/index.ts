/** watch: the interceptor for where fuse cannot run; near-continuous, and it says so. */
export { WATCH_SENTENCE, WatchInterceptor, type WatchOptions } from './watch-interceptor.ts';
