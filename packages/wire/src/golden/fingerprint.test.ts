import { brand, type RawName } from '@understudy/base';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { calls, MANAGEMENT_PROTOCOL, messageSchema, requestSchema, topics } from '../management/index.ts';
import * as frames from '../replication/frame.ts';
import * as messages from '../replication/messages.ts';
import * as records from '../replication/record.ts';
import { encodeXattrs } from '../replication/xattrs.ts';
import { fileOf, numberLines, sampleLine, schemaLine, whatToDo } from './shape.ts';

const { record, Verb } = records;
const raw = (text: string): RawName => brand<RawName>(text);
const node = (value: bigint): records.NodeId => brand<records.NodeId>(value);

/** Every field with a value of its own, so that two that change places show. */
const FULL = record({
  verb: Verb.rename,
  flags: 5,
  root: 6,
  sequence: 2 ** 40 + 7,
  timeMs: 1_700_000_000_123.5,
  node: node(0x0102_0304_0506_0708n),
  parent: node(9n),
  parent2: node(10n),
  victim: node(0xffff_ffff_ffff_ffffn),
  victimNlink: 11,
  offset: 2 ** 33 + 12,
  extent: 2 ** 34 + 13,
  attributes: {
    mode: 0o104755,
    uid: 14,
    gid: 15,
    nlink: 16,
    size: 2 ** 35 + 17,
    rdev: 18,
    atimeSec: -19,
    atimeNsec: 20,
    mtimeSec: 2 ** 36 + 21,
    mtimeNsec: 22,
  },
  parentMtimeSec: 23,
  parentMtimeNsec: 24,
  parent2MtimeSec: -25,
  parent2MtimeNsec: 26,
  detail: 27,
  name: raw('old\xff'),
  name2: raw('new'),
  data: Uint8Array.of(1, 2, 3),
});

function frameSample(): Uint8Array {
  const bytes = new Uint8Array(frames.FRAME_HEADER);
  const places = { from: records.position(2 ** 40 + 1), to: records.position(2 ** 40 + 2), origin: 2 ** 41 + 3 };
  const fields = { type: frames.FrameType.operations, codec: frames.Codec.zstd, rawLength: 5, records: 6, epoch: 7 };
  frames.encodeFrameHeader({ ...fields, ...places }, 4, bytes);
  frames.setFrameCrc(bytes, 0x0102_0304);
  return bytes;
}

function replicationShape(): string {
  const schemas = Object.entries(messages).filter(([name]) => name.endsWith('Schema')) as [string, z.ZodType][];
  const lists = { FrameType: frames.FrameType, Codec: frames.Codec, Verb, RecordFlag: records.RecordFlag };
  const details = {
    SetAttribute: records.SetAttribute,
    RenameFlag: records.RenameFlag,
    MirrorCompare: records.MirrorCompare,
    OrphanFate: records.OrphanFate,
  };
  const { MIRROR_REPAIR, MIRROR_GOES_ON, DIGEST_BYTES, MAX_RECORD, RECORD_HEADER } = records;
  const { FRAME_HEADER, FRAME_MAGIC, MAX_FRAME } = frames;
  const limits = { FRAME_HEADER, FRAME_MAGIC, MAX_FRAME, RECORD_HEADER, MAX_RECORD, DIGEST_BYTES };
  return [
    messages.REPLICATION_PROTOCOL,
    ...numberLines('limit', limits),
    ...numberLines('MirrorBegin', { MIRROR_REPAIR, MIRROR_GOES_ON }),
    ...numberLines('listingEnd', { LISTING_TAKES_NOTHING: records.LISTING_TAKES_NOTHING }),
    ...Object.entries({ ...lists, ...details }).flatMap(([name, numbers]) => numberLines(name, numbers)),
    ...schemas.map(([name, schema]) => schemaLine(name, schema)),
    sampleLine('frame header', frameSample()),
    sampleLine('record', records.encodeRecord(FULL)),
    sampleLine('attributes', encodeXattrs([[raw('user.a\xff'), Uint8Array.of(1)]])),
    '',
  ].join('\n');
}

function managementShape(): string {
  return [
    MANAGEMENT_PROTOCOL,
    schemaLine('request', requestSchema),
    schemaLine('message', messageSchema),
    ...Object.entries(calls).flatMap(([name, { params, result, role }]) => [
      `call ${name} of ${role}`,
      schemaLine(`call ${name} params`, params),
      schemaLine(`call ${name} result`, result),
    ]),
    ...Object.entries(topics).flatMap(([name, { params, payload, role }]) => [
      `topic ${name} of ${role}`,
      schemaLine(`topic ${name} params`, params),
      schemaLine(`topic ${name} payload`, payload),
    ]),
    '',
  ].join('\n');
}

describe('[SAFE7] the fingerprint of the wire', () => {
  it('replication', async () => {
    const protocol = messages.REPLICATION_PROTOCOL;
    await expect(replicationShape(), whatToDo('REPLICATION_PROTOCOL', protocol)).toMatchFileSnapshot(fileOf(protocol));
  });

  it('management', async () => {
    const protocol = MANAGEMENT_PROTOCOL;
    await expect(managementShape(), whatToDo('MANAGEMENT_PROTOCOL', protocol)).toMatchFileSnapshot(fileOf(protocol));
  });

  it('the golden samples are read back as what they were made of', () => {
    expect(records.decodeRecord(records.encodeRecord(FULL))).toEqual(FULL);
    expect(frames.decodeFrameHeader(frameSample())).toMatchObject({ payloadLength: 4, rawLength: 5, crc: 0x0102_0304 });
  });

  it('notices one letter in a schema, and no number stands for two things', () => {
    const changed = messages.refuseSchema.extend({ sentence: messages.refuseSchema.shape.sentence.max(1023) });
    expect(schemaLine('refuse', changed)).not.toBe(schemaLine('refuse', messages.refuseSchema));
    for (const list of [frames.FrameType, frames.Codec, Verb, records.RecordFlag])
      expect(new Set(Object.values(list)).size).toBe(Object.keys(list).length);
  });
});
