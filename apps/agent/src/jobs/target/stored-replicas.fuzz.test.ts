/** Records of replicas that were changed by a disk or a hand: read as what they say of their own job, or refused by name; never overwritten. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { StartError } from '../../home/start-error.ts';
import { type StoredReplica, StoredReplicas } from './stored-replicas.ts';

const JOB = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c11';
const OTHER = '7b5b1c1e-38b1-4f0b-8a3e-0d6f2f6d5c12';
const GOOD: StoredReplica = {
  jobId: JOB,
  jobName: 'files',
  peer: 'f'.repeat(64),
  streamId: OTHER,
  roots: [
    { path: Buffer.from('/srv/data').toString('base64'), handle: Buffer.from('\u0001handle').toString('base64') },
  ],
};

let home = '';
let path = '';
let whole = '';
beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), 'understudy-replicas-'));
  path = join(home, 'replicas', JOB, 'replica.json');
  new StoredReplicas(home).save(GOOD);
  whole = readFileSync(path, 'utf8');
});
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Null where it was refused as a start is. */
function read(bytes: Buffer): StoredReplica[] | null {
  writeFileSync(path, bytes);
  try {
    return [...new StoredReplicas(home).all()];
  } catch (error) {
    expect(error).toBeInstanceOf(StartError);
    expect((error as StartError).message).toContain(path);
    return null;
  } finally {
    expect(readFileSync(path).equals(bytes)).toBe(true);
  }
}

describe('records of replicas that were changed', () => {
  it('are records of their own job, or refused; and lie there as before', () => {
    expect(read(Buffer.from(whole))).toEqual([GOOD]);
    const changes = fc.array(fc.record({ at: fc.nat(5000), kind: fc.nat(3), value: fc.nat(255) }), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(changes, (list) => {
        let bytes = Buffer.from(whole);
        for (const { at, kind, value } of list) {
          const where = at % Math.max(1, bytes.length);
          const [head, tail] = [bytes.subarray(0, where), bytes.subarray(where)];
          if (kind === 0) bytes[where] = value;
          else if (kind === 1) bytes = Buffer.from(head);
          else if (kind === 2) bytes = Buffer.concat([head, tail.subarray(value % 32)]);
          else bytes = Buffer.concat([head, tail.subarray(0, value), tail]);
        }
        for (const { jobId, roots, streamId } of read(bytes) ?? []) {
          expect(jobId).toBe(JOB);
          expect(streamId).toMatch(/^[0-9a-f-]{36}$/i);
          expect(JSON.stringify(roots).length).toBeLessThanOrEqual(bytes.length);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes or any JSON are refused', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.jsonValue({ maxDepth: 3 }), (bytes, value) => {
        expect(read(Buffer.from(bytes))).toBeNull();
        expect(read(Buffer.from(JSON.stringify(value)))).toBeNull();
      }),
      { numRuns: 150 },
    );
  });

  it('that name another job than their folder are refused: its journal would be looked for elsewhere', () => {
    expect(read(Buffer.from(JSON.stringify({ ...GOOD, jobId: OTHER })))).toBeNull();
  });

  it('that are no files are refused', () => {
    const folder = join(home, 'replicas', OTHER, 'replica.json');
    mkdirSync(folder, { recursive: true });
    writeFileSync(path, whole);
    expect(() => new StoredReplicas(home)).toThrow(StartError);
    rmSync(join(home, 'replicas', OTHER), { recursive: true });
  });
});
