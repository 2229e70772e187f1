/** Files of the agent's home that were changed by a disk or a hand: read as what they say, or refused by name; never overwritten. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { verificationReportSchema } from '@understudy/wire';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseConfig } from '../config/config-file.ts';
import { defaultFile, defaultSettings, settingKeys } from '../config/settings.ts';
import { readJson } from '../home/atomic-json.ts';
import { StartError } from '../home/start-error.ts';
import { storedJobSchema } from './stored-job.ts';

const job = {
  id: '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11',
  revision: 1,
  epoch: 1,
  started: true,
  paused: false,
  definition: {
    name: 'files',
    sourceName: null,
    target: { name: 'beta', address: '192.0.2.1:7320', fingerprint: 'f'.repeat(64) },
    include: [{ text: '/srv', bytes: Buffer.from('/srv').toString('base64') }],
    exclude: [],
    to: null,
    intercept: 'auto',
    mode: 'async',
    compression: 'none',
    bandwidth: null,
  },
};

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'understudy-stored-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** Null where it was refused as a start is. */
function readOr<T>(read: () => T): T | null {
  try {
    return read();
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message.length).toBeGreaterThan(10);
    return null;
  }
}

function changed(text: string, list: readonly { at: number; kind: number; byte: number }[]): Buffer {
  let bytes = Buffer.from(text);
  for (const { at, kind, byte } of list) {
    const where = at % Math.max(1, bytes.length);
    if (kind === 0) bytes[where] = byte;
    else if (kind === 1) bytes = bytes.subarray(0, where);
    else bytes = Buffer.concat([bytes.subarray(0, where), bytes.subarray(where + (byte % 32))]);
  }
  return bytes;
}
const changes = fc.array(fc.record({ at: fc.nat(5000), kind: fc.nat(2), byte: fc.nat(255) }), {
  minLength: 1,
  maxLength: 4,
});

describe('files of the home that were changed', () => {
  it('a job is read whole or refused, and lies there as before', () => {
    const path = join(folder, 'job.json');
    const good = JSON.stringify(job, null, 2);
    writeFileSync(path, good);
    expect(readOr(() => readJson(path, storedJobSchema))).toMatchObject({ id: job.id });
    fc.assert(
      fc.property(changes, (list) => {
        const bytes = changed(good, list);
        writeFileSync(path, bytes);
        const read = readOr(() => readJson(path, storedJobSchema));
        if (read !== null) expect(storedJobSchema.safeParse(read).success).toBe(true);
        expect(readFileSync(path).equals(bytes)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('a report of any JSON is a report or refused', () => {
    const path = join(folder, 'report.json');
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 3 }), (value) => {
        writeFileSync(path, JSON.stringify(value));
        expect(readOr(() => readJson(path, verificationReportSchema))).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  it('nesting without end is refused', () => {
    const path = join(folder, 'deep.json');
    writeFileSync(path, '['.repeat(200_000));
    expect(readOr(() => readJson(path, storedJobSchema))).toBeNull();
  });

  it('settings are all there or refused', () => {
    const written = defaultFile()
      .split('\n')
      .slice(2)
      .map((line) => line.replace(/^# /, ''))
      .join('\n');
    expect(parseConfig('agent.yaml', written).settings).toEqual(defaultSettings());
    fc.assert(
      fc.property(changes, (list) => {
        const read = readOr(() => parseConfig('agent.yaml', changed(written, list).toString('utf8')));
        if (read !== null) expect(Object.keys(read.settings).sort()).toEqual([...settingKeys].sort());
      }),
      { numRuns: 150 },
    );
  });

  it('settings that name each other over and over do not grow', () => {
    const bomb = `a: &a [x,x,x,x,x,x,x,x,x]\n${[...'bcdefghij'].map((c, i) => `${c}: &${c} [${`*${'abcdefghi'[i]},`.repeat(9)}]`).join('\n')}\n`;
    expect(readOr(() => parseConfig('agent.yaml', bomb))).toBeNull();
  });
});
