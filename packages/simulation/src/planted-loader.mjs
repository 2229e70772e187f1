/**
 * Loaded before everything else where a fault is to be planted. In: `PLANTED`, JSON of { file, from, to }. Out: that one file's source with
 * that one place rewritten, on its way into the process; nothing on disk changes. A place that is not there exactly once ends the process.
 */
import { register } from 'node:module';
import { MessageChannel } from 'node:worker_threads';

const planted = JSON.parse(process.env.PLANTED ?? 'null');
if (planted === null) throw new Error('PLANTED says what is to be rewritten');

const hooks = `
let planted, port;
export const initialize = (data) => ({ planted, port } = data);
export async function load(url, context, next) {
  const loaded = await next(url, context);
  if (!new URL(url).pathname.endsWith(planted.file)) return loaded;
  const source = typeof loaded.source === 'string' ? loaded.source : new TextDecoder().decode(loaded.source);
  const found = source.split(planted.from).length - 1;
  port.postMessage(found);
  if (found !== 1) throw new Error('the place to plant in ' + planted.file + ' is there ' + found + ' times');
  return { ...loaded, source: source.replace(planted.from, () => planted.to) };
}
`;

const { port1, port2 } = new MessageChannel();
port1.on('message', (found) => {
  if (found === 1) process.stderr.write(`planted in ${planted.file}\n`);
});
port1.unref();
register(`data:text/javascript,${encodeURIComponent(hooks)}`, {
  parentURL: import.meta.url,
  data: { planted, port: port2 },
  transferList: [port2],
});
