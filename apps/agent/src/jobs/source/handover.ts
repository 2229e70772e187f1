/** What the target keeps for the day on which its source is gone. In: a job as it is kept. Out: the part of a hello that says so. */
import type { Hello } from '@understudy/wire';
import type { StoredJob } from '../stored-job.ts';

/** A greeting is one frame: a definition beyond this, rules by the megabyte, is not handed over, and the target says so when asked. */
const MOST = 1024 * 1024;

export function handoverOf({ definition, revision }: StoredJob, agentName: string): Pick<Hello, 'handover'> {
  if (JSON.stringify(definition).length > MOST) return {};
  return { handover: { sourceName: definition.sourceName ?? agentName, revision, definition: { ...definition } } };
}
