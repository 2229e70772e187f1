import { type Address, DEFAULT_PORT, parseAddress } from '@understudy/wire';
import { SdkError } from './errors.ts';

/** What a person wrote → address; the port may be left out, a bare IPv6 address needs brackets. */
export function addressFromPerson(text: string): Address {
  const address = parseAddress(text) ?? parseAddress(`${text}:${DEFAULT_PORT}`);
  if (address !== null && address.port > 0) return address;
  throw new SdkError(
    'bad-argument',
    `"${text}" is not an address; write HOST:PORT, for example files1.example.org:${DEFAULT_PORT} or [2001:db8::5]:${DEFAULT_PORT}`,
  );
}
