/** Takes a file's content into a sparse copy: where the replay begins. */
import type { SourceFiles } from '@understudy/engine';
import type { NodeId } from '@understudy/wire';
import type { SparseContent } from '../memory/content.ts';

export function adoptContent(files: SourceFiles, id: NodeId, content: SparseContent): void {
  const file = files.open(id);
  if (file === null) return;
  const bytes = new Uint8Array(65_536);
  for (let at = 0; ; ) {
    const got = file.read(at, bytes);
    if (got === 0) break;
    content.write(at, bytes.subarray(0, got));
    at += got;
  }
  content.truncate(file.size());
  file.close();
}
