/** How a job is put into words. In: a view, words. Out: text. Pure. */
import { type AgentEvent, dirtyReasons, type JobStatus } from '@understudy/wire';
import { bytes, duration, grouped, percent, sentence, shown } from '../format.ts';
import { type AtStake, type JobView, recoveryAgeMs } from '../store/jobs.ts';
import type { Words } from '../use-words.ts';
import type { WordKey } from '../words/words.ts';

type Counted = Extract<
  WordKey,
  'common.files' | 'common.operations' | 'common.jobs' | 'common.places' | 'common.moments'
>;

export const counted = ({ t, locale }: Words, key: Counted, count: number): string =>
  t(key, { count, shown: grouped(count, locale) });

/** What would be lost with the source; null: nothing that is known of. What a mirror has read is on its way, and lost with nobody. */
export function lostWord(words: Words, stake: AtStake): string | null {
  const { files, operations } = stake;
  if (files === 0 || (operations === 0 && stake.bytes === 0)) return null;
  const held = bytes(stake.bytes, words.locale);
  return files === null
    ? words.t('job.died.lost', { operations: counted(words, 'common.operations', operations), bytes: held })
    : words.t('job.died.lostFiles', { files: counted(words, 'common.files', files), bytes: held });
}

/** How much may differ and stays so where the source is lost, and why; none where nothing does. */
export function dirtyWords(words: Words, stake: AtStake): readonly string[] {
  const { t, locale } = words;
  if (stake.dirtyItems === 0) return [];
  const places = counted(words, 'common.places', stake.dirtyItems);
  const much = t('job.died.dirty', { places, bytes: bytes(stake.dirtyBytes, locale) });
  if (stake.dirtyReasons.length === 0) return [much];
  return [
    much,
    t('job.died.dirtyWhy', { reasons: stake.dirtyReasons.map((why) => reasonWord(words, why)).join(', ') }),
  ];
}

/** A later agent's reason has no word here: it is shown as it came. */
function reasonWord({ t }: Words, reason: string): string {
  const known = dirtyReasons.find((one) => one === reason);
  return known === undefined ? sentence(reason) : t(`states.dirty.${known}`);
}

export function pointWord(words: Words, job: JobView, nowMs: number): string {
  const age = recoveryAgeMs(job, nowMs);
  if (age === null) return words.t('dashboard.noPoint');
  const isBehind = job.staleSinceMs === null && job.status.state === 'protected';
  return words.t(isBehind ? 'dashboard.behind' : 'dashboard.old', { age: duration(age) });
}

export function queueWord(words: Words, { replication, targetQueue }: JobStatus): string {
  const held = replication.queuedBytes + (targetQueue?.bytes ?? 0);
  const operations = replication.queuedOperations + (targetQueue?.operations ?? 0);
  if (operations === 0 && held === 0) return words.t('dashboard.queueEmpty');
  return `${bytes(held, words.locale)} · ${counted(words, 'common.operations', operations)}`;
}

export function mirrorWord(words: Words, { mirror }: JobStatus): string {
  const { t, locale } = words;
  if (mirror.state !== 'idle') return `${t(`states.mirror.${mirror.state}`)} ${percent(mirror.percent, locale)}`;
  if (mirror.percent === 100) return t('dashboard.mirrorDone');
  return mirror.percent === 0 ? t('dashboard.mirrorNone') : percent(mirror.percent, locale);
}

/** What stands beside a job in a list: the first thing that somebody should know. */
export function firstNote(words: Words, job: JobView, nowMs: number): string {
  const { status, staleSinceMs } = job;
  if (staleSinceMs !== null) return words.t('states.noAnswerFor', { age: duration(nowMs - staleSinceMs) });
  if (status.reason !== null) return sentence(status.reason.sentence);
  const uncovered = status.uncovered ?? [];
  if (uncovered.length > 0) return `${words.t('job.facts.uncovered')}: ${uncovered.map(shown).join(', ')}`;
  const [exposure] = status.exposures ?? [];
  if (exposure !== undefined) return sentence(exposure);
  return status.interceptorReason == null ? '' : sentence(status.interceptorReason);
}

/** Everything that a status has to say against itself, each a sentence. */
export function warningsOf(words: Words, status: JobStatus): readonly string[] {
  const { t } = words;
  const found = (status.exposures ?? []).map(sentence);
  const uncovered = status.uncovered ?? [];
  if (uncovered.length > 0 && status.reason?.code !== 'not-intercepted')
    found.push(`${t('job.facts.uncovered')}: ${uncovered.map(shown).join(', ')}`);
  if (status.tripwireOff !== undefined) found.push(t('job.facts.tripwire', { why: sentence(status.tripwireOff) }));
  if (status.targetWrites?.state === 'unguarded') found.push(sentence(status.targetWrites.sentence));
  if (status.audit?.hop != null) found.push(t('job.facts.audit', { hop: status.audit.hop }));
  if ((status.unrepairable ?? 0) > 0)
    found.push(t('job.facts.unrepairable', { files: counted(words, 'common.files', status.unrepairable ?? 0) }));
  if ((status.mountUsers ?? []).length > 0)
    found.push(t('job.facts.mountUsers', { who: (status.mountUsers ?? []).map(shown).join(', ') }));
  if (status.interceptorReason != null && status.interceptorReason !== '')
    found.push(sentence(status.interceptorReason));
  return found;
}

/** `NAME` stands in advice for the job's name. */
export const adviceOf = (event: AgentEvent): string =>
  sentence(event.job === null ? event.advice : event.advice.replaceAll('NAME', event.job));
