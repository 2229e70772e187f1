import path from 'node:path';

export const SCHEME = 'app';
export const HOST = 'console';
export const ORIGIN = `${SCHEME}://${HOST}`;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.woff2': 'font/woff2',
  '.json': 'application/json; charset=utf-8',
};

export interface Resource {
  /** Absolute, and beneath the folder. */
  readonly file: string;
  readonly type: string;
}

/** The file that an address of ours means, or null: another origin, a way out of the folder, a kind that is not served. */
export function resourceOf(address: string, folder: string): Resource | null {
  let url: URL;
  let name: string;
  try {
    url = new URL(address);
    name = decodeURIComponent(url.pathname);
  } catch {
    return null;
  }
  if (url.protocol !== `${SCHEME}:` || url.host !== HOST || url.username !== '' || url.password !== '') return null;
  // Decoded once: what still holds a per cent sign, a backslash or a NUL is nobody's file name here.
  if (/[\\%\0]/.test(name) || name.split('/').includes('..')) return null;
  const file = path.resolve(folder, `.${name.endsWith('/') ? `${name}index.html` : name}`);
  if (!file.startsWith(`${path.resolve(folder)}${path.sep}`)) return null;
  const type = TYPES[path.extname(file)];
  return type === undefined ? null : { file, type };
}

/** Whether a frame shows a page of ours, and not something that was navigated to. */
export function isOwnPage(address: string): boolean {
  try {
    const url = new URL(address);
    return url.protocol === `${SCHEME}:` && url.host === HOST;
  } catch {
    return false;
  }
}
