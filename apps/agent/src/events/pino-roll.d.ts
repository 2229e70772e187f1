declare module 'pino-roll' {
  import type { Writable } from 'node:stream';

  interface Options {
    readonly file: string;
    readonly extension?: string;
    readonly size?: string | number;
    readonly limit?: { readonly count?: number; readonly removeOtherLogFiles?: boolean };
    readonly symlink?: boolean;
    readonly mkdir?: boolean;
  }
  export default function build(options: Options): Promise<Writable>;
}
