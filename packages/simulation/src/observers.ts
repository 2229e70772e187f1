/** What a run costs. In: messages on their way to the target, files of the source. Out: counts of records and bytes. */
import type { SourceFiles } from '@understudy/engine';
import { decodeRecord, MIRROR_REPAIR, peekLength, Verb } from '@understudy/wire';
import type { ToTarget } from './wire-link.ts';

/** What crossed the wire, by verb. */
export class Wire {
  readonly counts = new Map<number, number>();
  contentBytes = 0;
  /** Listings and content in the order in which they came. */
  order = '';
  readonly see = (message: ToTarget): ToTarget => {
    if (message.kind !== 'operations') return message;
    const { bytes } = message.packet;
    for (let at = 0; at < bytes.length; at += peekLength(bytes, at)) {
      const { verb, detail, data } = decodeRecord(bytes, at);
      const key = verb === Verb.mirrorBegin ? 1000 + (detail & MIRROR_REPAIR) : verb;
      this.counts.set(key, (this.counts.get(key) ?? 0) + 1);
      if (verb === Verb.block) this.contentBytes += data.length;
      if (verb === Verb.block) this.order += 'b';
      if (verb === Verb.listingEnd) this.order += 'l';
    }
    return message;
  };
  of(verb: number): number {
    return this.counts.get(verb) ?? 0;
  }
}

/** Bytes that were read of the source's files. */
export class Reading {
  bytes = 0;
  /** As with a file that also has a name outside of the root: the kernel may name that one. */
  pathsLeadElsewhere = false;
  readonly wrap = (files: SourceFiles): SourceFiles => {
    const open: SourceFiles['open'] = (node) => {
      const file = files.open(node);
      if (file === null) return null;
      const read = (offset: number, into: Uint8Array) => {
        const got = file.read(offset, into);
        this.bytes += got;
        return got;
      };
      return {
        read,
        dataAfter: (offset) => file.dataAfter(offset),
        size: () => file.size(),
        willNeed: () => {},
        close: () => file.close(),
      };
    };
    return new Proxy(files, {
      get: (target, key) => {
        if (key === 'open') return open;
        if (key === 'pathOf' && this.pathsLeadElsewhere) return () => null;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  };
}
