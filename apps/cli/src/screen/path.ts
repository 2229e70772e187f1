import { formatBytes } from '@understudy/base';
import type { JobStatus } from '@understudy/wire';
import type { Paint } from '../paint.ts';
import { counted } from '../text.ts';
import { clip, pad } from './layout.ts';
import type { Rates } from './rates.ts';

interface Station {
  readonly title: string;
  readonly figures: readonly string[];
}

/** The way of a change, drawn as it is: source → queue → wire → replica, each with its figures. */
export function drawPath(status: JobStatus, rates: Rates, columns: number, paint: Paint): string[] {
  const stations = stationsOf(status, rates);
  const width = Math.floor(columns / stations.length);
  const flows = !['stopped', 'halted', 'disconnected', 'paused'].includes(status.state);
  const arrow = (title: string, isLast: boolean) => {
    if (isLast) return paint.bold(title);
    const line = (flows ? '─' : '┄').repeat(Math.max(1, width - title.length - 4));
    return `${paint.bold(title)} ${paint.dim(`${line}${flows ? '▶' : '╳'}`)} `;
  };
  const last = stations.length - 1;
  const lines = [
    stations
      .map((station, i) => pad(arrow(station.title, i === last), width))
      .join('')
      .trimEnd(),
  ];
  const depth = Math.max(...stations.map((station) => station.figures.length));
  for (let row = 0; row < depth; row += 1) {
    const cells = stations.map((station) => pad(clip(station.figures[row] ?? '', width - 1), width));
    lines.push(cells.join('').trimEnd());
  }
  return lines;
}

function stationsOf(status: JobStatus, rates: Rates): Station[] {
  const { replication } = status;
  const interceptor = status.interceptor === 'none' ? 'not intercepted' : `${status.interceptor} interceptor`;
  const queue = [counted(replication.queuedOperations, 'operation'), formatBytes(replication.queuedBytes)];
  if (replication.diskQueueBytes > 0) queue.push(`${formatBytes(replication.diskQueueBytes)} of disk in use`);
  const wire = [
    rates.wire === null ? replication.state : `${formatBytes(rates.wire)}/s`,
    `${formatBytes(replication.sentBytes)} sent`,
  ];
  if (replication.sentCompressedBytes > 0 && replication.sentCompressedBytes < replication.sentBytes)
    wire.push(`${formatBytes(replication.sentCompressedBytes)} packed`);
  return [
    { title: 'source', figures: [status.source, interceptor] },
    { title: 'queue', figures: queue },
    { title: 'wire', figures: wire },
    { title: 'replica', figures: [status.target, `data ${status.targetDataState}`] },
  ];
}
