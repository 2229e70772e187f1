/** The self-audit as the source's agent runs it, on the run's own time. In: an agent's interceptor and job. Out: what watches their cookies. */
import { CookieWatch, type ProtectedRoot, type SourceJob } from '@understudy/engine';
import type { MemoryInterceptor } from '@understudy/interceptor/memory';

/** Short, for a run lasts some seconds of its own time. */
export const AUDIT = { intervalMs: 200, limitMs: 1000, throughKernel: true } as const;

export interface Audited {
  readonly interceptor: MemoryInterceptor;
  readonly roots: readonly ProtectedRoot[];
  readonly job: SourceJob;
}

/** Each process of a run has numbers of its own. */
let processes = 0;

export function watchCookies(source: Audited): CookieWatch {
  processes += 1;
  const { interceptor } = source;
  const indexOf = (id: number) => source.roots.findIndex((root) => root.id === id);
  return new CookieWatch({
    ...AUDIT,
    first: processes * 1_000_000,
    path: String,
    write: (id, number) => interceptor.cookie(id, number),
    notes: () => interceptor.status().dirtyNotes,
    doubted: (id, missing) => source.job.audit?.doubt(indexOf(id), missing),
    certain: (id) => source.job.audit?.certain(indexOf(id)),
    gap: (id) => source.job.audit?.lost(indexOf(id)),
  });
}
