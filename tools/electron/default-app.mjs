/**
 * What Electron starts where no application lies in its resources: `electron [-r MODULE] FOLDER`. It goes into an archive as text; here it is
 * written down so that it is checked and formatted like everything else.
 */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { app } from 'electron';

const requireOf = createRequire(join(process.cwd(), 'electron'));
const words = process.argv.slice(1);
let folder = null;
for (let at = 0; at < words.length; at += 1) {
  const word = words[at];
  if (word === '-r' || word === '--require') {
    at += 1;
    requireOf(resolve(words[at]));
  } else if (!word.startsWith('-')) folder ??= resolve(word);
}
if (folder === null) {
  console.error('electron: name the folder of an application');
  app.exit(1);
} else {
  process.defaultApp = true;
  const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  app.setName(manifest.productName ?? manifest.name);
  app.setVersion(manifest.version);
  app.setAppPath(folder);
  // Awaited: what the application declares before it is ready must come before that.
  await import(pathToFileURL(join(folder, manifest.main ?? 'index.js')).href);
}
