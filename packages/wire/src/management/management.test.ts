import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  calls,
  exitCodeOf,
  formatAddress,
  jobStatusSchema,
  managementErrorCodes,
  normalizePairingCode,
  PAIRING_CODE_BYTES,
  pairingCodeFromBytes,
  pairingTranscript,
  parseAddress,
  requestSchema,
  roleReaches,
} from './index.ts';

describe('pairing codes', () => {
  it('carry 100 bits that survive printing, whatever the case and the spaces', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: PAIRING_CODE_BYTES, maxLength: PAIRING_CODE_BYTES }), (bytes) => {
        const code = pairingCodeFromBytes(bytes);
        expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}$/);
        expect(normalizePairingCode(` ${code.toLowerCase().replaceAll('-', ' ')}`)).toBe(code.replaceAll('-', ''));
      }),
    );
  });

  it('differ wherever one of their 100 bits differs', () => {
    const codes = new Set<string>();
    for (let bit = 0; bit < 100; bit += 1) {
      const bytes = new Uint8Array(PAIRING_CODE_BYTES);
      bytes[PAIRING_CODE_BYTES - 1 - (bit >> 3)] = 1 << (bit & 7);
      codes.add(pairingCodeFromBytes(bytes));
    }
    expect(codes.size).toBe(100);
  });

  it('read the letters that look like digits as these', () => {
    expect(normalizePairingCode('oIlO0-11111-22222-33333')).toBe('01100111112222233333');
  });

  it.each(['', 'ABCDE', 'UUUUU-UUUUU-UUUUU-UUUUU', '00000-00000-00000-0000!', '0'.repeat(21)])('refuse %j', (text) => {
    expect(normalizePairingCode(text)).toBeNull();
  });

  it('are proved over transcripts that differ by side, certificates and session', () => {
    const session = {
      client: new Uint8Array(32),
      agent: new Uint8Array(32).fill(1),
      exporter: new Uint8Array(32).fill(2),
    };
    const swapped = { ...session, client: session.agent, agent: session.client };
    const other = { ...session, exporter: new Uint8Array(32).fill(3) };
    const texts = [
      pairingTranscript('client', session),
      pairingTranscript('agent', session),
      pairingTranscript('client', swapped),
      pairingTranscript('client', other),
    ].map((bytes) => bytes.join());
    expect(new Set(texts).size).toBe(4);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7320', '127.0.0.1', 7320],
    ['beta.example:1', 'beta.example', 1],
    ['[::1]:65535', '::1', 65535],
  ])('%s is read and written alike', (text, host, port) => {
    expect(parseAddress(text)).toEqual({ host, port });
    expect(formatAddress({ host, port })).toBe(text);
  });

  it.each(['beta', '::1:7320', ':7320', 'beta:65536', 'beta:', 'be ta:1', '[::1]', 'beta:7320/x'])(
    '%s is none',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );
});

describe('the table of calls', () => {
  it('lets a stranger ask who this is and pair, and nothing else', () => {
    const open = Object.entries(calls).filter(([, call]) => roleReaches(null, call.role));
    expect(open.map(([name]) => name).sort()).toEqual(['agent.info', 'agent.pair']);
    const ofPeers = Object.entries(calls).filter(([, call]) => roleReaches('peer', call.role));
    expect(ofPeers.map(([name]) => name).sort()).toEqual(['agent.info', 'agent.pair', 'witness.read', 'witness.swap']);
    expect(roleReaches('admin', calls['witness.swap'].role)).toBe(false);
  });

  it('lets a monitor change nothing', () => {
    const allowed = Object.entries(calls).filter(([, call]) => roleReaches('monitor', call.role));
    expect(
      allowed
        .map(([name]) => name)
        .filter(
          (name) =>
            !/info|pair$|settings$|peers|list|[sS]tatus|verifications|points$|history$|unsent|job\.get$/.test(name),
        ),
    ).toEqual([]);
  });

  it('fills in the defaults of a job and refuses an option it does not know', () => {
    const rule = { text: '/srv', bytes: 'L3Nydg==' };
    const target = { name: 'beta', address: '127.0.0.1:7320', fingerprint: 'a'.repeat(64) };
    const job = calls['job.create'].params.parse({ name: 'files', target, include: [rule] });
    expect(job).toMatchObject({
      exclude: [],
      to: null,
      intercept: 'auto',
      mode: 'async',
      bandwidth: null,
      start: false,
    });
    const unknown = calls['job.create'].params.safeParse({ name: 'files', target, include: [rule], schedule: 'x' });
    expect(unknown.error?.issues[0]).toMatchObject({ code: 'unrecognized_keys', keys: ['schedule'] });
  });

  it('gives every error an exit code', () => {
    expect(Object.keys(exitCodeOf).sort()).toEqual([...managementErrorCodes].sort());
  });
});

describe('messages', () => {
  it('have exactly one of call, topic and unsubscribe', () => {
    expect(requestSchema.safeParse({ id: 1, call: 'agent.info', params: {} }).success).toBe(true);
    expect(requestSchema.safeParse({ id: 1, call: 'agent.info' }).success).toBe(true);
    expect(requestSchema.safeParse({ id: 1, call: 'a', topic: 'events', params: {} }).success).toBe(false);
    expect(requestSchema.safeParse({ id: 0, call: 'a', params: {} }).success).toBe(false);
    expect(requestSchema.safeParse({ id: 1, unsubscribe: 7 }).success).toBe(true);
  });

  it('show a status as scripts expect it', () => {
    const status = {
      name: 'files',
      source: 'alpha',
      target: 'beta',
      state: 'protected',
      reason: null,
      targetDataState: 'ok',
      interceptor: 'fuse',
      mirror: {
        state: 'idle',
        percent: 100,
        bytesRemaining: 0,
        bytesSkipped: 0,
        bytesSent: 0,
        filesDone: 0,
        filesTotal: 0,
      },
      replication: {
        state: 'ready',
        queuedOperations: 0,
        queuedBytes: 0,
        diskQueueBytes: 0,
        sentBytes: 0,
        sentCompressedBytes: 0,
        lastFileTouched: '/srv/data/a',
      },
      recoveryPoint: { time: '2026-11-22T12:00:00.000Z', latencyMs: 3, position: '8123441' },
      actions: ['pause', 'stop', 'mirror', 'verify', 'failover'],
    };
    expect(jobStatusSchema.parse(status)).toEqual(status);
    expect(jobStatusSchema.safeParse({ ...status, state: 'fine' }).success).toBe(false);
  });
});
