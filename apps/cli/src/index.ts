/**
 * cli: the command `understudy`. In: arguments as bytes, a terminal or pipes; out: text or JSON, and one of the exit codes of
 * `exit-code.ts`. Promised: `commands/` says what may be written and loads nothing heavy; `actions/` does it through the sdk;
 * `screen/` draws it and is pure. What a version does not implement is refused by name.
 */
export { type Io, processIo } from './io.ts';
export { run } from './run.ts';
export { RateMeter, type Rates } from './screen/rates.ts';
export { render, type Surroundings } from './screen/render.ts';
