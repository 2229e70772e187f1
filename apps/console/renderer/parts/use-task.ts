import { useCallback, useState } from 'react';
import { sentenceOf } from '../bridge.ts';

export interface Task {
  readonly running: boolean;
  /** What went wrong at the last try; null: nothing. */
  readonly failure: string | null;
  readonly run: (work: () => Promise<void>) => void;
  readonly reset: () => void;
}

/** Something that takes time and may fail, once at a time. */
export function useTask(): Task {
  const [running, setRunning] = useState(false);
  const [failure, setFailure] = useState<string | null>(null);
  const run = useCallback((work: () => Promise<void>) => {
    setRunning(true);
    setFailure(null);
    work()
      .catch((error: unknown) => setFailure(sentenceOf(error)))
      .finally(() => setRunning(false));
  }, []);
  const reset = useCallback(() => setFailure(null), []);
  return { running, failure, run, reset };
}
