/**
 * Windows of the week. In: windows, and the local time of the source as its clock on the wall shows it. Out: whether one holds, and
 * when the next begins. The wall's time is what counts: an hour that daylight saving leaves out does not come, one that it brings twice
 * holds twice.
 */

/** `day`: 0 is Sunday. `minute`: of the day, 0 to 1439. */
export interface LocalTime {
  readonly day: number;
  readonly minute: number;
}

/** Begins on each of the days at `from` and ends at `to`, on the next day where `to` is not after `from`. */
export interface WeeklyWindow {
  /** 0 is Sunday. */
  readonly days: readonly number[];
  readonly from: number;
  readonly to: number;
}

export interface WeeklyRate extends WeeklyWindow {
  /** Bytes per second; null: no limit. */
  readonly rate: number | null;
}

const DAY = 1440;
const WEEK = 7 * DAY;

export function isWithin(window: WeeklyWindow, { day, minute }: LocalTime): boolean {
  const overnight = window.to <= window.from;
  if (window.days.includes(day) && minute >= window.from && (overnight || minute < window.to)) return true;
  // What began yesterday and goes over midnight.
  return overnight && window.days.includes((day + 6) % 7) && minute < window.to;
}

export function isOpen(windows: readonly WeeklyWindow[], now: LocalTime): boolean {
  return windows.length === 0 || windows.some((window) => isWithin(window, now));
}

/** Bytes per second that hold now: those of the first window that holds, the job's own where none does. */
export function rateAt(own: number | null, windows: readonly WeeklyRate[], now: LocalTime): number | null {
  const window = windows.find((one) => isWithin(one, now));
  return window === undefined ? own : window.rate;
}

/** When the next window begins, for people; null: there are none. */
export function nextOpening(windows: readonly WeeklyWindow[], now: LocalTime): LocalTime | null {
  const at = now.day * DAY + now.minute;
  let nearest: number | null = null;
  for (const { days, from } of windows)
    for (const day of days) {
      // One that begins at this very minute is open; the next time is in a week.
      const ahead = (day * DAY + from - at + WEEK - 1) % WEEK;
      if (nearest === null || ahead < nearest) nearest = ahead;
    }
  if (nearest === null) return null;
  const then = (at + nearest + 1) % WEEK;
  return { day: Math.floor(then / DAY), minute: then % DAY };
}

const DAY_NAMES = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const two = (value: number): string => String(value).padStart(2, '0');

/** `Monday 22:00`. */
export function sayLocalTime({ day, minute }: LocalTime): string {
  return `${DAY_NAMES[day] ?? ''} ${two(Math.floor(minute / 60))}:${two(minute % 60)}`;
}
