import fs from 'node:fs';
import { addressSchema, fingerprintSchema, serverNameSchema, trustRoleSchema } from '@understudy/wire';
import { z } from 'zod';
import { errnoOf, reasonOf, SdkError } from '../errors.ts';
import { keepAside, replaceFile } from './durable-file.ts';

const serverSchema = z.object({
  name: serverNameSchema,
  /** HOST:PORT. */
  address: addressSchema,
  /** SHA-256 of the agent's certificate, lower-case hexadecimal. */
  fingerprint: fingerprintSchema,
  role: trustRoleSchema,
  addedAt: z.iso.datetime(),
});
export type KnownServer = z.output<typeof serverSchema>;

const VERSION = 1;
const fileSchema = z.object({
  version: z.literal(VERSION),
  servers: z
    .array(serverSchema)
    .refine((servers) => new Set(servers.map((server) => server.name)).size === servers.length, 'a name comes twice'),
});

export type ServersFile =
  | { readonly state: 'read'; readonly servers: readonly KnownServer[] }
  | { readonly state: 'damaged'; readonly problem: string };

/** The list as it stands on disk; no file is an empty list. */
export function readServers(file: string): ServersFile {
  let text: string;
  try {
    text = fs.readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return { state: 'read', servers: [] };
    throw new SdkError('profile-unusable', `${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
  const parsed = problemOf(text);
  if (typeof parsed !== 'string') return { state: 'read', servers: parsed.servers };
  refuseNewerVersion(file, text);
  return { state: 'damaged', problem: parsed };
}

/** Under the lock: moves a damaged list out of the way and says so; null where it is not damaged (any more). */
export function setDamagedAside(file: string): string | null {
  const found = readServers(file);
  if (found.state === 'read') return null;
  const aside = keepAside(file, new Date());
  return (
    `${file} is damaged (${found.problem}); it is kept as ${aside} and the list of servers starts empty. ` +
    'Mend that file and put it back, or run "understudy pair" for each server again.'
  );
}

function problemOf(text: string): string | z.output<typeof fileSchema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return text.trim() === '' ? 'it is empty' : reasonOf(error);
  }
  const parsed = fileSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return issue === undefined ? 'its shape is wrong' : `at ${issue.path.join('.') || 'its top'}: ${issue.message}`;
}

const versionSchema = z.object({ version: z.number() });

/** A file of a later release is not damaged; moving it away would lose what that release knows. */
function refuseNewerVersion(file: string, text: string): void {
  try {
    const parsed = versionSchema.safeParse(JSON.parse(text));
    if (!parsed.success || parsed.data.version <= VERSION) return;
    throw new SdkError(
      'profile-unusable',
      `${file} was written by a newer release (version ${parsed.data.version}, this one knows ${VERSION}); use that release, or another --profile`,
    );
  } catch (error) {
    if (error instanceof SdkError) throw error;
  }
}

export function saveServers(file: string, servers: readonly KnownServer[]): void {
  const sorted = [...servers].sort((a, b) => (a.name < b.name ? -1 : 1));
  replaceFile(file, `${JSON.stringify({ version: VERSION, servers: sorted }, null, 2)}\n`, 0o600);
}
