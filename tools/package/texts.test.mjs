import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { top } from '../ensure.mjs';
import { readManifest, readSettings, settingsOf } from './settings.mjs';
import { controlText, copyrightText, desktopEntry, specText, WARNING, wrapped } from './texts.mjs';

const settings = readSettings();
const made = { settings, version: '0.1.0', architecture: 'amd64', forTests: false };
const joined = (text) => text.replace(/\s+\.?\s*/g, ' ');

/** As dpkg reads it: fields, and lines that begin with a blank go on with the field before. */
function fieldsOf(control) {
  const fields = {};
  let name = '';
  for (const line of control.trimEnd().split('\n')) {
    const begun = /^([A-Z][A-Za-z-]*): (.*)$/.exec(line);
    if (begun !== null) [, name, fields[begun[1]]] = begun;
    else if (/^ \S/.test(line)) fields[name] += `\n${line}`;
    else throw new Error(`no line of a control file: "${line}"`);
  }
  return fields;
}

describe('electron-builder.yml', () => {
  const config = () => parse(readFileSync(join(top, 'electron-builder.yml'), 'utf8'));
  test('says all that deb and rpm need', () => {
    expect(settings).toMatchObject({ name: 'understudy-console', license: 'Apache-2.0', deb: { section: 'admin' } });
    expect(settings.deb.depends.length).toBeGreaterThan(20);
  });
  test.each([
    ['maintainer', ({ linux }) => delete linux.maintainer],
    ['deb.depends', ({ deb }) => delete deb.depends],
    ['rpm.depends', (whole) => delete whole.rpm],
  ])('without %s is refused by that name', (name, spoil) => {
    const spoilt = config();
    spoil(spoilt);
    expect(() => settingsOf(spoilt, readManifest())).toThrow(new RegExp(`does not say what ${name} is`));
  });
  test('and the application agree on the desktop entry, by which windows find their icon', () => {
    expect(() => settingsOf(config(), { ...readManifest(), desktopName: 'other.desktop' })).toThrow(/desktopName/);
  });
});

describe('the control file of the deb', () => {
  test('has what dpkg wants', () => {
    expect(fieldsOf(controlText({ ...made, kib: 12 }))).toMatchObject({
      Package: 'understudy-console',
      Version: '0.1.0',
      Architecture: 'amd64',
      'Installed-Size': '12',
      Depends: expect.stringMatching(/(^|, )libgtk-3-0t64 \| libgtk-3-0(, |$)/),
      Maintainer: expect.stringMatching(/^.+ <\S+@\S+>$/),
    });
  });
  test('has a first line that is short and no sentence, and all of the description behind it', () => {
    const [first, ...rest] = fieldsOf(controlText({ ...made, kib: 1 })).Description.split('\n');
    expect(first.length).toBeLessThanOrEqual(80);
    expect(first).not.toMatch(/\.$/);
    expect(joined(rest.join('\n')).trim()).toBe(joined(settings.description));
    expect(Math.max(...rest.map((line) => line.length))).toBeLessThanOrEqual(79);
  });
  test('warns in both where the runtime for tests is in it', () => {
    const description = fieldsOf(controlText({ ...made, forTests: true, kib: 1 })).Description;
    expect(description).toMatch(/^\[for tests only\] /);
    expect(joined(description)).toContain(joined(WARNING));
  });
});

describe('the spec file of the rpm', () => {
  const entries = [
    { path: '/opt/x', kind: 'folder', mode: 0o755 },
    { path: '/opt/x/chrome-sandbox', kind: 'file', mode: 0o4755 },
    { path: '/usr/bin/x', kind: 'link', mode: 0o777 },
  ];
  const text = specText({ ...made, entries, tree: '/tmp/tree', architecture: 'x86_64' });
  test('names each file once with its rights', () => {
    expect(text.split('%files\n')[1]).toBe(
      '%dir %attr(0755,root,root) "/opt/x"\n%attr(4755,root,root) "/opt/x/chrome-sandbox"\n%attr(-,root,root) "/usr/bin/x"\n',
    );
  });
  test('warns where the runtime for tests is in it', () => {
    expect(text).not.toContain('NOT FOR USE');
    const other = specText({ ...made, forTests: true, entries, tree: '/tmp/tree' });
    expect(other).toMatch(/^Summary: \[for tests only\] /m);
    expect(joined(other)).toContain(joined(WARNING));
  });
});

test('the desktop entry starts the installed program and shows its icon', () => {
  const entry = desktopEntry(settings);
  expect(entry).toMatch(/^Exec=\/usr\/bin\/understudy-console$/m);
  expect(entry).toMatch(/^Icon=understudy-console$/m);
  expect(entry).toMatch(/^Categories=([A-Z]\w+;)+$/m);
});

test('the copyright says where every license is', () => {
  const text = copyrightText(settings, '2026 the Understudy authors');
  for (const name of [
    'LICENSE.understudy.txt',
    'LICENSE.electron.txt',
    'LICENSES.chromium.html',
    'LICENSES.libraries.md',
  ])
    expect(text).toContain(`/opt/understudy-console/${name}`);
});

test('wrapped text loses no word', () => {
  const text = 'a '.repeat(200) + 'x'.repeat(100);
  expect(wrapped(text, 20).join(' ')).toBe(text);
  expect(wrapped('a b c', 3)).toEqual(['a b', 'c']);
});
