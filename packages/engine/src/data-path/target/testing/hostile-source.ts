/** A source that says what it likes to a target in memory: one rig at a time, begun anew by `begin`. For the tests of hostile input. */
import { brand, concatBytes, type RawName } from '@understudy/base';
import { encodeRecord, type NodeId, position, type RecordInput, record, Verb } from '@understudy/wire';
import { FileError, type ReplicaFiles } from '../../../ports.ts';
import { Rig, ROOT_PATH } from './rig.ts';

export const raw = (text: string) => brand<RawName>(text);
export const id = (value: number | bigint) => brand<NodeId>(BigInt(value));
export const bytesOf = (text: string) => Uint8Array.from(text, (char) => char.charCodeAt(0));
export const ROOT = id(100);
export const FILE = 0o100644;
export const FOLDER = 0o040755;
export const attributes = (mode: number, over = {}) => ({ ...record({ verb: 1 }).attributes, mode, nlink: 1, ...over });

export let rig: Rig;
export let next = 1;

/** As file systems do: no file reaches beyond a limit. */
export function limited(files: ReplicaFiles): ReplicaFiles {
  const most = 1 << 20;
  const check = (end: number): void => {
    if (!(end <= most)) throw new FileError('EFBIG', 'pwrite');
  };
  return new Proxy(files, {
    get(target, key) {
      const value = Reflect.get(target, key, target);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        if (key === 'write') check((args[1] as number) + (args[2] as Uint8Array).length);
        if (key === 'truncate') check(args[1] as number);
        if (key === 'allocate') check((args[2] as number) + (args[3] as number));
        if (key === 'punch') check((args[1] as number) + (args[2] as number));
        return Reflect.apply(value, target, args);
      };
    },
  });
}

export function packet(...inputs: RecordInput[]) {
  const records = inputs.map((input, i) => encodeRecord(record({ sequence: next + i, ...input })));
  const from = position(next);
  return { from, to: position(next + inputs.length - 1), epoch: rig.epoch, records: concatBytes(records) };
}

/** Accepted and applied; returns the errors by name. */
export function said(...inputs: RecordInput[]): string[] {
  const before = rig.replies.length;
  const packed = packet(...inputs);
  const { verdict, refuse } = rig.accept.accept(packed, 0);
  if (verdict !== 'accepted') throw new Error(`${verdict}: ${refuse?.sentence}`);
  next += inputs.length;
  rig.drain();
  return rig.replies.slice(before).flatMap((reply) => (reply.kind === 'failed' ? [reply.errno] : []));
}

export const begin = (): void => beginWith((files) => files);

/** `coat`: what the target has over its files. */
export function beginWith(coat: (files: ReplicaFiles) => ReplicaFiles): void {
  rig = new Rig();
  const files = coat(limited(rig.replica));
  rig.openRoot = () => files;
  next = 1;
  rig.hello();
  said({ verb: Verb.root, node: ROOT, data: bytesOf(ROOT_PATH), attributes: attributes(FOLDER) });
  said(
    { verb: Verb.mkdir, node: id(1), parent: ROOT, name: raw('folder'), attributes: attributes(FOLDER) },
    { verb: Verb.mkdir, node: id(2), parent: id(1), name: raw('inner'), attributes: attributes(FOLDER) },
    { verb: Verb.create, node: id(3), parent: id(1), name: raw('file'), attributes: attributes(FILE) },
  );
}
