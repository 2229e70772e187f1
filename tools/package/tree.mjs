/** The tree that deb and rpm install. In: the application's folder as electron-builder leaves it. Out: a folder with /opt and /usr in it. */
import {
  chmodSync,
  cpSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { top } from '../ensure.mjs';
import { placeOf } from './settings.mjs';
import { copyrightText, desktopEntry } from './texts.mjs';

const ICONS = join(top, 'apps', 'console', 'packaging', 'icons');
/** Chromium's own sandbox where the kernel lets users have no namespaces: a helper that is root's and says so. */
const SANDBOX = 'chrome-sandbox';
const SETUID = 0o4755;

/**
 * @param {{ from: string, to: string, settings: import('./settings.mjs').Settings, copyright: string }} wanted `to` is made anew
 */
export function layTree({ from, to, settings, copyright }) {
  const { name } = settings;
  const place = join(to, placeOf(settings));
  rmSync(to, { recursive: true, force: true });
  mkdirSync(dirname(place), { recursive: true });
  cpSync(from, place, { recursive: true, verbatimSymlinks: true });
  const share = (...parts) => join(to, 'usr', 'share', ...parts);
  put(share('applications', `${name}.desktop`), desktopEntry(settings));
  for (const icon of readdirSync(ICONS)) put(share(...iconPlace(icon, name)), readFileSync(join(ICONS, icon)));
  put(share('doc', name, 'copyright'), copyrightText(settings, copyright));
  put(share('doc', name, 'changelog.gz'), gzipSync(readFileSync(join(top, 'CHANGELOG.md')), { level: 9 }));
  mkdirSync(join(to, 'usr', 'bin'), { recursive: true });
  symlinkSync(`../..${placeOf(settings)}/${name}`, join(to, 'usr', 'bin', name));
  for (const entry of entriesOf(to)) if (entry.kind !== 'link') chmodSync(join(to, entry.path), entry.mode);
}

function put(path, content) {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** `512x512.png` or `scalable.svg`, as the icon theme wants them. */
function iconPlace(file, name) {
  const [size, kind] = file.split('.');
  return ['icons', 'hicolor', size, 'apps', `${name}.${kind}`];
}

/** Folders of ours; all others are shared with other packages and belong to none of them. */
const OWN = /^\/opt\/[^/]+(\/|$)|^\/usr\/share\/doc\/[^/]+$/;

/**
 * Everything in a tree, a folder before what is in it, and how it is installed whatever the builder's umask was.
 * @returns {{ path: string, kind: 'folder' | 'file' | 'link', mode: number }[]}
 */
export function entriesOf(tree, below = '') {
  return readdirSync(join(tree, below))
    .sort()
    .flatMap((name) => {
      const path = `${below}/${name}`;
      const stat = lstatSync(join(tree, path));
      if (stat.isSymbolicLink()) return [{ path, kind: 'link', mode: 0o777 }];
      if (stat.isDirectory()) return [{ path, kind: 'folder', mode: 0o755 }, ...entriesOf(tree, path)];
      const plain = (stat.mode & 0o111) === 0 ? 0o644 : 0o755;
      return [{ path, kind: 'file', mode: name === SANDBOX ? SETUID : plain }];
    });
}

export const ownEntries = (entries) => entries.filter(({ path, kind }) => kind !== 'folder' || OWN.test(path));
