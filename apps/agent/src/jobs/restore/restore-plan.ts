/**
 * Plan first, then act: what a restore would do, with this job's names. In: what is known of the replica, what was chosen, what the other
 * server says. Out: steps, obstacles, notes. Pure.
 */
import { obstaclesTo } from '@understudy/engine';
import type { Obstacle, RestoreChoice, RestorePlan } from '@understudy/wire';
import { knownOf } from '../takeover/plan.ts';
import { pathsOf, type ReplicaJob } from '../takeover/replica-job.ts';
import type { ReplicaFacts } from '../target/target-hand.ts';
import type { KeptReplica } from '../target/target-jobs.ts';

export interface RestorePlanParts {
  readonly job: ReplicaJob;
  readonly kept: KeptReplica;
  /** Null: the replica could not be opened. */
  readonly facts: ReplicaFacts | null;
  readonly choice: RestoreChoice;
  /** Where the files go. */
  readonly server: { readonly name: string; readonly fingerprint: string };
  readonly places: readonly string[];
  /** This server has taken the job over, or is about to. */
  readonly isTaken: boolean;
  /** That one of this job is under way already; null: none is. */
  readonly underWay: string | null;
  readonly own: { readonly name: string; readonly fingerprint: string };
  /** Why the replica's rules cannot be used here; empty: they can. */
  readonly errors: readonly string[];
  /** What the other server has to say to it; null: nothing, or it cannot be asked. */
  readonly refusal: string | null;
}

const firm = (code: string, sentence: string): Obstacle => ({ code, sentence, risk: null });

export function restorePlanOf(parts: RestorePlanParts): RestorePlan {
  const { job, server, places } = parts;
  return {
    name: job.name,
    server: server.name,
    places: [...places],
    steps: stepsOf(parts),
    obstacles: obstacles(parts),
    notes: notesOf(parts),
  };
}

function obstacles(parts: RestorePlanParts): Obstacle[] {
  const { job, choice, isTaken, underWay } = parts;
  if (isTaken)
    return [
      firm(
        'failed-over',
        `${job.target} has taken ${job.name} over and writes there: \`understudy failback ${job.name}\` brings it home, ` +
          'so that nothing that is written meanwhile is lost.',
      ),
    ];
  if (underWay !== null) return [firm('under-way', underWay)];
  // A job that was stopped is what a restore to its source is for; see the notes.
  const known = { ...knownOf(parts), rests: false };
  const chosen = { data: 'apply', point: null, sourceIsDown: true, witnessed: true, automatic: false } as const;
  return [...obstaclesTo(known, { ...chosen, risks: choice.risks }), ...placeObstacles(parts)];
}

function placeObstacles({ job, facts, choice, server, own, errors, refusal }: RestorePlanParts): Obstacle[] {
  const found = errors.map((sentence) => firm('invalid', sentence));
  if (choice.to === null && facts?.linked === true)
    found.push(
      firm(
        'source-linked',
        `${job.source} protects these files itself at this moment, and what lies there is newer: stop the job first ` +
          `(\`understudy job stop ${job.name}\`), or restore to another place with --to SERVER:DIR.`,
      ),
    );
  else if (server.fingerprint === own.fingerprint)
    found.push(
      firm(
        'same-server',
        `The replica lies on ${own.name} already: copy it there with \`cp -a\`, or show a moment of it with \`understudy view\`. ` +
          'Name another server with --to.',
      ),
    );
  else if (refusal !== null) found.push(firm('place', refusal));
  return found;
}

function stepsOf({ job, choice, server, places }: RestorePlanParts): string[] {
  const { name, source, replicaPaths } = job;
  const to = places.join(', ');
  const there = choice.overwrite
    ? `What lies there and differs, and what the replica does not have, is put aside in .understudy-… beside it, and stays there until somebody removes it.`
    : 'It has to be empty, or missing.';
  const after =
    choice.to === null
      ? `${server.name} lets others write there. \`understudy job start ${name}\` then protects it again: both sides are compared.`
      : `${server.name} lets others write there; ${name} goes on as it was.`;
  return [
    `The replica of ${name} at ${pathsOf(replicaPaths)} stands still: what ${source} sends meanwhile is received, and applied afterwards.`,
    `${server.name} makes ${to} read-only for others. ${there}`,
    `All of it is copied, compared by checksum, until both are equal.`,
    after,
  ];
}

function notesOf({ job, kept, choice }: RestorePlanParts): string[] {
  const found: string[] = [];
  if (kept.stored.rests === true)
    found.push(
      `The job was stopped on ${job.source}: what was changed there since is not in the replica, and what others have written into the replica is.`,
    );
  for (const risk of choice.risks) found.push(`A risk is taken: ${risk}.`);
  return found;
}
