/**
 * A job that sends nothing: the server that has taken over notes what changes, for the way home (FO4). In: a job that has just been made,
 * before anything is intercepted for it. Out: the same job, which folds every operation into its dirty map. Promise: what is written from
 * now on is in the map, to 4 KiB; where an earlier process had noted and nothing of that is left, everything beneath the roots is.
 */
import type { NodeId } from '@understudy/wire';
import type { RootScope } from '../../data-path/source/queue/root-scope.ts';
import type { MirrorRoot } from '../mirror/world.ts';
import type { SourceJob } from '../source-job.ts';

const TYPE_MASK = 0o170000;
const DIRECTORY = 0o040000;
const PAGE = 512;

/** `begins`: nothing has been changed yet; otherwise another process had begun, and `known`: what it had noted is in the map. */
export function noteOnly(
  job: SourceJob,
  { begins, known }: { readonly begins: boolean; readonly known: boolean },
): void {
  const { dirty } = job.path.srm;
  job.path.srm.setNoting('failed-over');
  if (known) return;
  for (const root of job.roots.values()) {
    if (root.scope.whole) root.scope.complete();
    else takeIn(root);
    if (!begins) dirty.addRoot(root.index, 'interception-gap');
  }
  job.runs.complete = true;
}

/** Where rules are asked only known nodes are the job's: all there is is known. */
function takeIn({ files, scope }: MirrorRoot): void {
  scope.addNameless(files.rootNode);
  const directories = [files.rootNode];
  for (let parent = directories.pop(); parent !== undefined; parent = directories.pop())
    directories.push(...takeInNames(parent, { files, scope }));
}

/** Answers with the directories among them. */
function takeInNames(
  parent: NodeId,
  { files, scope }: { readonly files: MirrorRoot['files']; readonly scope: RootScope },
): NodeId[] {
  const beneath: NodeId[] = [];
  const directory = files.openDirectory(parent);
  if (directory === null) return beneath;
  try {
    for (let page = directory.next(PAGE); page.length > 0; page = directory.next(PAGE))
      for (const { name, node, attributes } of page) {
        const isDirectory = (attributes.mode & TYPE_MASK) === DIRECTORY;
        if (!scope.wants(parent, name, isDirectory)) continue;
        scope.add(node, parent, name, isDirectory);
        if (isDirectory) beneath.push(node);
      }
  } finally {
    directory.close();
  }
  return beneath;
}
