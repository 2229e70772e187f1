/** The terminal or pipes that a command speaks to; tests hand in their own. */
export interface Io {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  /** Standard output is a terminal: colours, progress and the live screen. */
  readonly isTerminal: boolean;
  readonly colour: boolean;
  readonly columns: () => number;
  readonly rows: () => number;
  readonly env: NodeJS.ProcessEnv;
  /** Ends what would go on for ever: --watch, --follow. */
  readonly signal: AbortSignal;
  /** A question to the person who sits there; absent: nobody does. */
  readonly ask?: (question: string) => Promise<string>;
}

/** Both sides of it must be a terminal: an answer from a pipe is nobody's word. */
async function askOnTerminal(question: string): Promise<string> {
  const { createInterface } = await import('node:readline/promises');
  const reader = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return await reader.question(question);
  } finally {
    reader.close();
  }
}

export function processIo(signal: AbortSignal): Io {
  const { stdout, stderr, env } = process;
  const isTerminal = stdout.isTTY === true;
  // Asked anew each time: outside the terminal's session no signal tells of a change. One that does not know says 0.
  const windowSize = (): [number, number] => (isTerminal ? stdout.getWindowSize() : [0, 0]);
  return {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    isTerminal,
    colour: isTerminal && (env.NO_COLOR ?? '') === '' && env.TERM !== 'dumb',
    columns: () => windowSize()[0] || 80,
    rows: () => windowSize()[1] || 24,
    env,
    signal,
    ...(isTerminal && process.stdin.isTTY === true ? { ask: askOnTerminal } : {}),
  };
}
