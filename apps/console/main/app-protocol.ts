import { randomBytes } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import path from 'node:path';
import { protocol } from 'electron';
import { filledPage, type PageFacts, securityHeaders } from './page.ts';
import { type Resource, resourceOf, SCHEME } from './resource.ts';

/** Before the application is ready. */
export function declareScheme(): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: false, codeCache: true } },
  ]);
}

/** Serves the window's files from the folder; everything else is answered 404 and touches no disk. */
export function serveFolder(folder: string, facts: () => Omit<PageFacts, 'nonce'>): void {
  protocol.handle(SCHEME, async (request) => {
    if (request.method !== 'GET') return refuse(405);
    const resource = resourceOf(request.url, folder);
    return resource === null ? refuse(404) : await serve(resource, folder, facts);
  });
}

async function serve(resource: Resource, folder: string, facts: () => Omit<PageFacts, 'nonce'>): Promise<Response> {
  const nonce = randomBytes(18).toString('base64');
  const headers = { ...securityHeaders(nonce), 'content-type': resource.type };
  try {
    // A link that leads out of the folder is no file of ours. (Within a packed archive nothing can be a link.)
    const real = await realpath(resource.file).catch(() => resource.file);
    const top = await realpath(folder).catch(() => folder);
    if (!real.startsWith(`${top}${path.sep}`)) return refuse(404);
    const bytes = await readFile(resource.file);
    const body = resource.type.startsWith('text/html')
      ? filledPage(bytes.toString('utf8'), { ...facts(), nonce })
      : new Uint8Array(bytes);
    return new Response(body, { headers });
  } catch {
    return refuse(404);
  }
}

function refuse(status: number): Response {
  return new Response(null, { status, headers: securityHeaders('none') });
}
