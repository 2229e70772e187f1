import type { JobStatus } from '@understudy/wire';
import { bytes, duration, grouped, percent, rate } from '../../format.ts';
import { Panel } from '../../parts/panel.tsx';
import { counted, mirrorWord } from '../../parts/words-of.ts';
import type { JobView } from '../../store/jobs.ts';
import { useWords, type Words } from '../../use-words.ts';

/** Honest progress: what is done and left, in bytes and files, at which rate, and how long that takes where somebody can say. */
export function MirrorPanel({ job }: { readonly job: JobView }) {
  const words = useWords();
  const { t, locale } = words;
  const status = (job.captor ?? job).status;
  const { mirror, verification } = status;
  const isStale = job.captorStaleSinceMs !== null;
  const shown = Math.min(mirror.percent, 100);
  return (
    <Panel title={t('job.mirror.title')} end={<span className="us-num">{mirrorWord(words, status)}</span>}>
      <div className={`us-panel-body us-form ${isStale ? 'us-stale' : ''}`}>
        <div
          className="us-meter"
          role="progressbar"
          aria-label={t('job.mirror.progress')}
          aria-valuenow={Math.floor(shown)}
          aria-valuemin={0}
          aria-valuemax={100}
        >
          <div style={{ width: `${shown}%` }} />
        </div>
        <p className="us-num">{progressLine(words, status)}</p>
        <p className="us-num us-dim">{sizeLine(words, status)}</p>
        {verification === undefined ? null : (
          <p className="us-num">
            {t('job.mirror.verification', {
              percent: percent(verification.percent, locale),
              count: grouped(verification.differences, locale),
            })}
          </p>
        )}
      </div>
    </Panel>
  );
}

function progressLine(words: Words, { mirror }: JobStatus): string {
  const { t, locale } = words;
  const parts = [
    t('job.mirror.of', {
      done: grouped(mirror.filesDone, locale),
      total: counted(words, 'common.files', mirror.filesTotal),
    }),
  ];
  if (mirror.state !== 'mirroring') return parts.join(' · ');
  const { bytesPerSecond, secondsLeft } = mirror;
  if (bytesPerSecond != null) parts.push(rate(bytesPerSecond, locale));
  parts.push(
    secondsLeft == null ? t('job.mirror.noTime') : t('job.mirror.time', { age: duration(secondsLeft * 1000) }),
  );
  return parts.join(' · ');
}

function sizeLine({ t, locale }: Words, { mirror }: JobStatus): string {
  const parts = [t('job.mirror.sent', { bytes: bytes(mirror.bytesSent, locale) })];
  parts.push(t('job.mirror.equal', { bytes: bytes(mirror.bytesSkipped, locale) }));
  if (mirror.bytesRemaining > 0) parts.push(t('job.mirror.left', { bytes: bytes(mirror.bytesRemaining, locale) }));
  return parts.join(' · ');
}
