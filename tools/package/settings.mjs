import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { Refusal, top } from '../ensure.mjs';

/**
 * What deb and rpm are made of.
 * @typedef {object} Settings
 * @property {string} name of the package, its program, its desktop entry and its folder
 * @property {string} product
 * @property {string} summary one line
 * @property {string} description one paragraph
 * @property {string} maintainer
 * @property {string} license
 * @property {string} categories of the desktop entry
 * @property {string} desktopName as the program calls its own desktop entry
 * @property {{ section: string, priority: string, depends: string[], recommends: string[] }} deb
 * @property {{ depends: string[] }} rpm
 */

/** Where the application's folder lies once installed. */
export const placeOf = (settings) => `/opt/${settings.name}`;

/** @returns {Settings} */
export function settingsOf(config, manifest) {
  const { linux, deb, rpm } = config;
  const settings = {
    name: linux?.executableName,
    product: config.productName,
    summary: linux?.synopsis,
    description: linux?.description?.trim(),
    maintainer: linux?.maintainer,
    license: manifest.license,
    categories: linux?.category,
    desktopName: manifest.desktopName,
    deb: { section: deb?.packageCategory, priority: deb?.priority, depends: deb?.depends, recommends: deb?.recommends },
    rpm: { depends: rpm?.depends },
  };
  for (const [path, value] of leaves(settings))
    if (value === undefined || value === '') throw new Refusal(`electron-builder.yml does not say what ${path} is`);
  if (settings.desktopName !== `${settings.name}.desktop`)
    throw new Refusal(`desktopName in apps/console/package.json has to be ${settings.name}.desktop`);
  return settings;
}

function leaves(value, path = '') {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [[path, value]];
  return Object.entries(value).flatMap(([name, inner]) => leaves(inner, path === '' ? name : `${path}.${name}`));
}

export const readManifest = () => JSON.parse(readFileSync(join(top, 'apps', 'console', 'package.json'), 'utf8'));

export function readSettings() {
  return settingsOf(parse(readFileSync(join(top, 'electron-builder.yml'), 'utf8')), readManifest());
}
