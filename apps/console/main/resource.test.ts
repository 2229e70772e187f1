import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { isOwnPage, resourceOf } from './resource.ts';

const FOLDER = '/opt/console/renderer';
const fileOf = (address: string): string | null => resourceOf(address, FOLDER)?.file ?? null;

describe('an address of the console', () => {
  test.each([
    ['app://console/', `${FOLDER}/index.html`],
    ['app://console/index.html', `${FOLDER}/index.html`],
    ['app://console/assets/main-1a2b.js?x#y', `${FOLDER}/assets/main-1a2b.js`],
    ['app://console/assets/../index.html', `${FOLDER}/index.html`],
    ['app://console/assets/%C3%BC.css', `${FOLDER}/assets/ü.css`],
  ])('%s is a file', (address, file) => expect(fileOf(address)).toBe(file));

  test.each([
    'app://console/../../etc/passwd.js',
    'app://console/%2e%2e/%2e%2e/etc/shadow.js',
    'app://console/..%2f..%2fetc%2fshadow.js',
    'app://console/assets/..%2F..%2F..%2Fsecret.json',
    'app://console/%252e%252e%252fsecret.json',
    'app://console/..\\..\\secret.json',
    'app://console/..%5c..%5csecret.json',
    'app://console/a%00.js',
    'app://console/%E0%A4%A.js',
    'app://console//etc/hosts.json/',
    'app://elsewhere/index.html',
    'app://user@console/index.html',
    'file:///etc/passwd.json',
    'https://console/index.html',
    'app://console/main.ts',
    'app://console/assets',
    'nonsense',
    '',
  ])('%s is none, or stays within the folder', (address) => {
    const file = fileOf(address);
    if (file !== null) expect(path.relative(FOLDER, file)).not.toMatch(/^\.\./);
    expect(file === null || file.startsWith(`${FOLDER}/`)).toBe(true);
  });

  test.each([
    'app://console/..%2f..%2fx.js',
    'app://console/a%00.js',
    'file:///x.js',
    'app://elsewhere/x.js',
    'app://console/x.ts',
  ])('%s is refused outright', (address) => expect(resourceOf(address, FOLDER)).toBeNull());
});

test('a page is ours by its origin alone', () => {
  expect(isOwnPage('app://console/')).toBe(true);
  for (const other of ['app://console.evil/', 'https://console/', 'about:blank', 'data:text/html,app://console/', ''])
    expect(isOwnPage(other)).toBe(false);
});
