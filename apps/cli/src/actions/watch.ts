import { keepSubscribed, type SdkError } from '@understudy/sdk';
import type { AgentEvent, JobStatus } from '@understudy/wire';
import { ExitCode } from '../exit-code.ts';
import type { Io } from '../io.ts';
import { NO_RATES, RateMeter, type Rates } from '../screen/rates.ts';
import { render } from '../screen/render.ts';
import { statusLine } from '../screen/words.ts';
import { json } from '../text.ts';
import type { FoundJob } from './find.ts';
import type { Session } from './session.ts';

/** One line for each change: JSON for programs, words for people; ends when the job is deleted or the signal comes. */
export async function watchLines(session: Session, found: FoundJob, asJson: boolean): Promise<ExitCode> {
  const { io } = session;
  const abort = linked(io.signal);
  let deleted = false;
  await keepSubscribed({
    topic: 'job-status',
    params: () => ({ name: found.job.status.name }),
    onPayload: ({ status }) => {
      if (status === null) {
        deleted = true;
        abort.abort();
      } else io.out(asJson ? json(status, 0) : `${statusLine(status, Date.now())}\n`);
    },
    onLink: (down) => {
      if (down !== null) session.note(`${down.message}; trying again`);
    },
    open: () => session.open(found.server),
    signal: abort.signal,
  });
  if (deleted) session.note(`${found.job.status.name} was deleted`);
  return ExitCode.done;
}

interface View {
  status: JobStatus;
  rates: Rates;
  events: AgentEvent[];
  lost: { readonly sinceMs: number; readonly sentence: string } | null;
}

const ESCAPE = '\u001b';
const HIDE_CURSOR = `${ESCAPE}[?25l`;
const SHOW_CURSOR = `${ESCAPE}[?25h`;
const ALTERNATE_SCREEN = `${ESCAPE}[?1049h${ESCAPE}[2J`;
const FORMER_SCREEN = `${ESCAPE}[?1049l`;
const HOME = `${ESCAPE}[H`;
const CLEAR_LINE_END = `${ESCAPE}[K`;
const CLEAR_BELOW = `${ESCAPE}[J`;

/** Ages go on growing while nothing changes. */
const TICK_MS = 1000;
const EVENTS_KEPT = 20;

/** The live screen; Ctrl-C ends it and leaves the last picture on the terminal. */
export async function watchScreen(session: Session, found: FoundJob): Promise<ExitCode> {
  const { io } = session;
  const name = found.job.status.name;
  const abort = linked(io.signal);
  const { events } = await found.connection.call('events.list', { job: name, limit: EVENTS_KEPT });
  const view: View = { status: found.job.status, rates: NO_RATES, events: [...events], lost: null };
  const meter = new RateMeter();
  let deleted = false;
  io.out(ALTERNATE_SCREEN + HIDE_CURSOR);
  const draw = () => io.out(frame(io, view));
  const timer = setInterval(draw, TICK_MS);
  try {
    const statuses = keepSubscribed({
      topic: 'job-status',
      params: () => ({ name }),
      onPayload: ({ status }) => {
        if (status === null) {
          deleted = true;
          abort.abort();
          return;
        }
        view.status = status;
        view.rates = meter.add(status, performance.now());
        draw();
      },
      onLink: (down) => {
        view.lost = down === null ? null : lostSince(view, down);
        draw();
      },
      open: () => session.open(found.server),
      signal: abort.signal,
    });
    await Promise.race([statuses, followEvents(session, found, view, abort.signal)]);
    await statuses;
  } finally {
    clearInterval(timer);
    abort.abort();
    io.out(FORMER_SCREEN + SHOW_CURSOR + picture(io, view));
  }
  if (deleted) session.note(`${name} was deleted`);
  return ExitCode.done;
}

async function followEvents(session: Session, found: FoundJob, view: View, signal: AbortSignal): Promise<void> {
  const { name } = found.job.status;
  await keepSubscribed({
    topic: 'events',
    params: () => ({ job: name, after: view.events.at(-1)?.id ?? 0 }),
    onPayload: (event) => {
      view.events.push(event);
      if (view.events.length > EVENTS_KEPT) view.events.shift();
    },
    open: () => session.open(found.server),
    signal,
  });
}

function lostSince(view: View, down: SdkError): { sinceMs: number; sentence: string } {
  return { sinceMs: view.lost?.sinceMs ?? Date.now(), sentence: down.message };
}

function picture(io: Io, view: View): string {
  const { rates, events, lost } = view;
  return render(view.status, io.columns(), { nowMs: Date.now(), rates, events, lost, colour: io.colour });
}

/** Drawn over the former picture, line by line, so that nothing flickers. */
function frame(io: Io, view: View): string {
  const lines = picture(io, view)
    .trimEnd()
    .split('\n')
    .slice(0, Math.max(1, io.rows() - 1));
  return `${HOME}${lines.map((line) => line + CLEAR_LINE_END).join('\n')}\n${CLEAR_BELOW}`;
}

/** Ends with the outer signal, or by itself. */
export function linked(signal: AbortSignal): AbortController {
  const abort = new AbortController();
  if (signal.aborted) abort.abort();
  else signal.addEventListener('abort', () => abort.abort(), { once: true });
  return abort;
}
