/**
 * FO2 and FO3: what stands in the way of a failover. In: what is known of the replica, what was chosen. Out: obstacles by name; those
 * that carry a risk fall when the operator names it. Pure.
 */
import type { Obstacle, TakeoverData } from '@understudy/wire';

export interface KnownReplica {
  /** The target knows the job well enough to go on without its source. */
  readonly known: boolean;
  readonly complete: boolean;
  readonly mirroring: boolean;
  readonly failures: boolean;
  readonly lostPower: boolean;
  readonly brake: 'held' | 'passing' | 'rolling-back' | 'halted' | null;
  /** What the source last said of itself; null: it has said nothing. */
  readonly standing: { readonly state: string; readonly good: boolean } | null;
  /** The source has stopped the job: others may have written into the replica since. */
  readonly rests: boolean;
  /** TRM3: others could write into the replica, and it has not been compared since: how that came, in a sentence; null: as far as is known. */
  readonly opened: string | null;
  /** Its link is up: it lives. */
  readonly linked: boolean;
}

export interface ChosenTakeover {
  readonly data: TakeoverData;
  readonly point: string | null;
  readonly risks: readonly string[];
  /** The operator's word, or a witness's. */
  readonly sourceIsDown: boolean;
  /** A witness or a fence decides that. */
  readonly witnessed: boolean;
  readonly automatic: boolean;
}

const obstacle = (code: string, sentence: string, risk: string | null = code): Obstacle => ({ code, sentence, risk });

export function obstaclesTo(replica: KnownReplica, chosen: ChosenTakeover): Obstacle[] {
  if (!replica.known)
    return [
      obstacle(
        'never-linked',
        'The target has never been greeted by the source of this job as it is now: it does not know what it would need.',
        null,
      ),
    ];
  const all = [
    ...choiceObstacles(chosen),
    ...openedObstacles(replica),
    ...replicaObstacles(replica, chosen),
    ...writerObstacles(replica, chosen),
  ];
  return all.filter(({ risk }) => risk === null || !chosen.risks.includes(risk));
}

function choiceObstacles({ data, point }: ChosenTakeover): Obstacle[] {
  if (data === 'rewind' && point === null)
    return [obstacle('no-point', 'To go back in time a moment is needed: name it with --point.', null)];
  if (data !== 'rewind' && point !== null)
    return [
      obstacle('no-point', 'A moment was named, and the data is not to go back: leave out --data or --point.', null),
    ];
  return [];
}

/** What others wrote is there at every moment of the past as well: the way back takes back only what the source did. */
function openedObstacles({ opened }: KnownReplica): Obstacle[] {
  if (opened === null) return [];
  return [obstacle('not-good', `${opened} The replica has not been compared with its source since.`)];
}

/** A moment of the past that the target offers was a good one, whatever came since. */
function replicaObstacles(replica: KnownReplica, { data }: ChosenTakeover): Obstacle[] {
  const { complete, mirroring, failures, lostPower, standing, rests, brake } = replica;
  const found: Obstacle[] = [];
  if (rests)
    found.push(
      obstacle(
        'stopped',
        'The job was stopped on its source: since then changes were not replicated, and others may have written into the replica.',
      ),
    );
  if (data !== 'rewind') {
    if (!complete)
      found.push(
        obstacle(
          'incomplete',
          'The replica is not complete: a mirror has not come to its end, so that files are missing or half there.',
        ),
      );
    else if (standing !== null && !standing.good)
      found.push(
        obstacle(
          'not-good',
          `The source last said that the replica was not a whole image of it (${standing.state}): some of it is old, or of several moments.`,
        ),
      );
    else if (mirroring || failures)
      found.push(
        obstacle(
          'not-good',
          'Something of the replica was being repaired, or could not be applied: it is of several moments.',
        ),
      );
    if (lostPower)
      found.push(
        obstacle(
          'power-cut',
          'The target lost power and has not heard from the source since: how much of it had been applied is not known.',
        ),
      );
  }
  if (brake === 'rolling-back' || brake === 'passing')
    found.push(
      obstacle('brake', 'The replica is being taken back, or what the brake held is being applied: wait for it.', null),
    );
  if (brake === 'held' && data === 'apply')
    found.push(
      obstacle(
        'brake',
        'The brake holds the replica: decide first with `understudy brake`, or go back before that with --point, or leave what is queued with --data discard.',
        null,
      ),
    );
  return found;
}

function writerObstacles({ linked }: KnownReplica, { sourceIsDown, witnessed, automatic }: ChosenTakeover): Obstacle[] {
  if (witnessed) return [];
  if (automatic)
    return [
      obstacle(
        'no-witness',
        'Without a witness or a fence nothing is done by itself: both servers could come to write.',
        null,
      ),
    ];
  if (sourceIsDown) return [];
  const lives = linked ? ' It is linked at this moment.' : '';
  return [
    obstacle(
      'source-not-down',
      `No witness can say that the source does not write any more.${lives} Make sure that it is down, and say so (--yes).`,
      null,
    ),
  ];
}
