/** What most specs begin with: a folder on alpha, filled before anybody looks, and a job that protects it onto beta by fuse. */
import type { Bootstrap } from './bootstrap.ts';
import { type JobOptions, replicaOf } from './client.ts';

export interface ProtectedFolder {
  readonly source: string;
  readonly to: string;
  readonly replica: string;
}

/** The job has the folder's name, and has been `protected` when this returns. */
export async function protectedFolder(
  stage: Bootstrap,
  name: string,
  more: Partial<JobOptions> & { readonly fill?: (source: string) => unknown } = {},
): Promise<ProtectedFolder> {
  const { fill, ...job } = more;
  const source = stage.folder('source', name);
  const to = stage.folder('replica');
  await fill?.(source);
  await stage.client.protect({
    ...{ name, source: 'alpha', target: 'beta', include: [source], to, intercept: 'fuse' },
    ...job,
  });
  return { source, to, replica: replicaOf(to, source) };
}
