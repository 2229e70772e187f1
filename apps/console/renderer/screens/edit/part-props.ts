import type { JobDefinition } from '@understudy/wire';

export interface PartProps {
  readonly definition: JobDefinition;
  readonly change: (changes: Partial<JobDefinition>) => void;
}
