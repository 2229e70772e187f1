/**
 * What a person sees of a table while a wheel turns. In: the console's page. Out: what the browser itself says of each frame. A wheel is not
 * a script that moves the page: the picture is moved apart from the page's own thread, which brings the rows that come into sight.
 */
import type { Page } from 'playwright-core';

export interface Scrolled {
  /** While the table moved, at the display's own rate. A frame is one, however many threads had a part in it. */
  readonly frames: number;
  /** Not shown in time, by the browser's word. */
  readonly dropped: number;
  /** Shown before all of it was drawn. */
  readonly incomplete: number;
  /** Steps of the wheel at which a row in sight was not in the document yet. */
  readonly bare: number;
  /** How far it came, px. */
  readonly px: number;
}

interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly args?: { readonly chrome_frame_reporter?: FrameReport };
}

interface FrameReport {
  readonly frame_sequence: number;
  readonly state: string;
  readonly scroll_state: string;
  readonly affects_smoothness?: boolean;
  readonly has_missing_content?: boolean;
  readonly checkerboarded_needs_raster?: boolean;
  readonly checkerboarded_needs_record?: boolean;
}

/** `speed`: px a second. */
export async function turnWheel(
  page: Page,
  { px, speed }: { readonly px: number; readonly speed: number },
): Promise<Scrolled> {
  const inspector = await page.context().newCDPSession(page);
  const events: TraceEvent[] = [];
  // What its own description of the protocol lacks: it brings what was recorded.
  inspector.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])));
  const over = (await page.evaluate(BEGIN)) as { x: number; y: number };
  await inspector.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['disabled-by-default-devtools.timeline.frame'] },
  });
  const gesture = { ...over, yDistance: -px, speed, preventFling: true, gestureSourceType: 'mouse' as const };
  await inspector.send('Input.synthesizeScrollGesture', gesture);
  const complete = new Promise<void>((resolve) => inspector.once('Tracing.tracingComplete', () => resolve()));
  await inspector.send('Tracing.end');
  await complete;
  await inspector.detach();
  const found = (await page.evaluate(END)) as { bare: number; px: number };
  const reports = events.flatMap(({ name, ph, args }) =>
    name === 'PipelineReporter' && ph === 'b' && args?.chrome_frame_reporter !== undefined
      ? [args.chrome_frame_reporter]
      : [],
  );
  const moved = reports.filter(({ scroll_state }) => scroll_state !== 'SCROLL_NONE');
  if (moved.length === 0) throw new Error('the browser reports no frame in which the table moved');
  const count = (isOne: (one: FrameReport) => boolean): number =>
    new Set(moved.filter(isOne).map(({ frame_sequence }) => frame_sequence)).size;
  return {
    ...found,
    frames: count(() => true),
    dropped: count(({ state, affects_smoothness }) => state === 'STATE_DROPPED' && affects_smoothness !== false),
    incomplete: count(
      (one) =>
        one.has_missing_content === true ||
        one.checkerboarded_needs_raster === true ||
        one.checkerboarded_needs_record === true,
    ),
  };
}

/** Before the table hears of a step what is in the document is what is on the screen. */
const BEGIN = `(() => {
  const body = document.querySelector('.us-body');
  body.scrollTop = 0;
  const watch = { bare: 0, px: 0 };
  watch.look = (event) => {
    if (event.target !== body) return;
    const sight = body.getBoundingClientRect();
    const edges = [...body.querySelectorAll('.us-line')].map((row) => row.getBoundingClientRect());
    const above = Math.min(...edges.map(({ top }) => top)) - sight.top;
    const beneath = sight.bottom - Math.max(...edges.map(({ bottom }) => bottom));
    if (above > 1 || beneath > 1) watch.bare += 1;
  };
  addEventListener('scroll', watch.look, { capture: true });
  globalThis.wheelWatch = watch;
  const { x, y, width, height } = body.getBoundingClientRect();
  return { x: Math.round(x + width / 2), y: Math.round(y + height / 2) };
})()`;
const END = `(() => {
  const { bare, look } = globalThis.wheelWatch;
  removeEventListener('scroll', look, { capture: true });
  return { bare, px: document.querySelector('.us-body').scrollTop };
})()`;
