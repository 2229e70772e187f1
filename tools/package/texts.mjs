/** The texts that go into packages: pure, so that each can be read in a test. */
import { placeOf } from './settings.mjs';

/** What a package says of itself where the runtime for tests is in it. */
export const WARNING =
  'NOT FOR USE: it holds a runtime that is good for tests alone and gets no security updates. Package it where Electron can be downloaded.';

/** @param {import('./settings.mjs').Settings} settings */
export function desktopEntry(settings) {
  return `${[
    '[Desktop Entry]',
    'Type=Application',
    `Name=${settings.product}`,
    `Comment=${capital(settings.summary)}`,
    `Exec=/usr/bin/${settings.name}`,
    `Icon=${settings.name}`,
    `Categories=${settings.categories}`,
    'Terminal=false',
    'StartupNotify=true',
    `StartupWMClass=${settings.name}`,
  ].join('\n')}\n`;
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Debian's machine-readable form. */
export function copyrightText(settings, copyright) {
  const place = placeOf(settings);
  return `${[
    'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/',
    'Upstream-Name: Understudy',
    '',
    'Files: *',
    `Copyright: ${copyright}`,
    'License: Apache-2.0',
    ' On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0,',
    ` here also in ${place}/LICENSE.understudy.txt.`,
    '',
    'Comment:',
    ` Electron and Chromium have licenses of their own: ${place}/LICENSE.electron.txt`,
    ` and ${place}/LICENSES.chromium.html. The libraries that are`,
    ` built into the console are named with theirs in ${place}/LICENSES.libraries.md.`,
  ].join('\n')}\n`;
}

/** Words in lines of at most 78 characters. */
export function wrapped(text, width = 78) {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1);
    if (line !== '' && line.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/**
 * @typedef {object} Made
 * @property {import('./settings.mjs').Settings} settings
 * @property {string} version as dpkg and rpm compare
 * @property {string} architecture as this kind of package calls it
 * @property {boolean} forTests
 */

/** @param {Made & { kib: number }} made */
export function controlText({ settings, version, architecture, forTests, kib }) {
  const paragraphs = [...(forTests ? [WARNING] : []), settings.description];
  const description = paragraphs
    .map((text) =>
      wrapped(text, 77)
        .map((line) => ` ${line}`)
        .join('\n'),
    )
    .join('\n .\n');
  return `${[
    `Package: ${settings.name}`,
    `Version: ${version}`,
    `Section: ${settings.deb.section}`,
    `Priority: ${settings.deb.priority}`,
    `Architecture: ${architecture}`,
    `Maintainer: ${settings.maintainer}`,
    `Installed-Size: ${kib}`,
    `Depends: ${settings.deb.depends.join(', ')}`,
    `Recommends: ${settings.deb.recommends.join(', ')}`,
    `Description: ${forTests ? '[for tests only] ' : ''}${settings.summary}`,
    description,
  ].join('\n')}\n`;
}

/** A tree's entry: a path from its top, and how it is to be installed. @typedef {{ path: string, kind: 'folder' | 'file' | 'link', mode: number }} Entry */

/**
 * What it links against rpmbuild finds by itself, down to the version of each symbol; what lies in the package is neither asked for nor offered.
 * @param {Made & { entries: readonly Entry[], tree: string }} made entries: all that is to belong to the package
 */
export function specText({ settings, version, architecture, forTests, entries, tree }) {
  const place = placeOf(settings);
  const description = [...(forTests ? [WARNING] : []), settings.description].map((text) => wrapped(text).join('\n'));
  return `${[
    '%global debug_package %{nil}',
    '%global __os_install_post %{nil}',
    '%global _build_id_links none',
    `%global __provides_exclude_from ^${place}/.*$`,
    '%global __requires_exclude ^lib(ffmpeg|EGL|GLESv2|vk_swiftshader|vulkan)\\\\.so.*$',
    '%global _binary_payload w12T0.zstdio',
    '',
    `Name: ${settings.name}`,
    `Version: ${version}`,
    'Release: 1',
    `Summary: ${forTests ? '[for tests only] ' : ''}${settings.summary}`,
    `License: ${settings.license}`,
    'Group: System/Monitoring',
    `Packager: ${settings.maintainer}`,
    `BuildArch: ${architecture}`,
    ...settings.rpm.depends.map((one) => `Requires: ${one}`),
    '',
    '%description',
    description.join('\n\n'),
    '',
    '%install',
    'mkdir -p "%{buildroot}"',
    `cp -a "${tree}/." "%{buildroot}/"`,
    '',
    '%files',
    ...entries.map(fileLine),
  ].join('\n')}\n`;
}

/** A link has no rights of its own. */
function fileLine({ path, kind, mode }) {
  const rights = kind === 'link' ? '-' : mode.toString(8).padStart(4, '0');
  return `${kind === 'folder' ? '%dir ' : ''}%attr(${rights},root,root) "${path}"`;
}
