/**
 * Loaded before everything else where a fault is to be planted. In: `PLANTED`, JSON of { file, from, to }. Out: that one file's source with
 * that one place rewritten, on its way into the process; nothing on disk changes. A place that is not there exactly once ends the process.
 */
import { register } from 'node:module';

const planted = JSON.parse(process.env.PLANTED ?? 'null');
if (planted === null) throw new Error('PLANTED says what is to be rewritten');

// Said by the thread of the hooks itself, at once: a message to the main thread would be lost where that ends at its first seed.
const hooks = `
import { writeSync } from 'node:fs';
let planted;
export const initialize = (data) => {
  planted = data;
};
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!new URL(url).pathname.endsWith(planted.file)) return loaded;
  const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  const found = source.split(planted.from).length - 1;
  if (found !== 1) throw new Error('the place to plant in ' + planted.file + ' is there ' + found + ' times');
  writeSync(2, 'planted in ' + planted.file + '\\n');
  return { ...loaded, source: source.replace(planted.from, () => planted.to) };
}
`;

register(`data:text/javascript,${encodeURIComponent(hooks)}`, { parentURL: import.meta.url, data: planted });
