import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import type { Settings } from '../config/settings.ts';

export type { Logger } from 'pino';

export interface TechnicalLog {
  readonly logger: Logger;
  /** Writes out what is still in memory. */
  close(): Promise<void>;
}

/** HOME/logs/agent.N.log, and `current.log` pointing at the newest: what happened inside, for whoever looks for a cause. */
export async function openTechnicalLog(folder: string, settings: Settings): Promise<TechnicalLog> {
  const { default: roll } = await import('pino-roll');
  const stream = await roll({
    file: join(folder, 'agent'),
    extension: '.log',
    size: `${Math.max(1, Math.ceil(settings['log.size'] / 1024))}k`,
    limit: { count: settings['log.files'], removeOtherLogFiles: true },
    symlink: true,
    mkdir: true,
  });
  // A full disk must not stop the agent; the events say what matters.
  stream.on('error', () => {});
  const logger = pino({ level: settings['log.level'], base: null }, stream);
  return {
    logger,
    close: () =>
      new Promise((resolve) => {
        stream.once('close', () => resolve());
        stream.end();
      }),
  };
}
