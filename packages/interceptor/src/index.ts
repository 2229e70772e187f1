/**
 * interceptor: what applications do to protected directories, as records (FSI). In: directories. Out: the engine's Interceptor port.
 * Promised: what each driver's `promises` say; one suite in conformance/ holds every driver to them. Tests import that suite by its
 * path, so that nothing here needs the test runner.
 */
export * from './fuse/index.ts';
export * from './memory/index.ts';
export { type InterceptorChoice, type InterceptorKind, selectInterceptor } from './select-interceptor.ts';
export * from './watch/index.ts';
