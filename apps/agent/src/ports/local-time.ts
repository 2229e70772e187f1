/** The clock on this server's wall, with its daylight saving. In: milliseconds since 1970. Out: day of the week and minute of the day. */
import type { LocalTime } from '@understudy/engine';

export function localTime(wallMs: number): LocalTime {
  const date = new Date(wallMs);
  return { day: date.getDay(), minute: date.getHours() * 60 + date.getMinutes() };
}
