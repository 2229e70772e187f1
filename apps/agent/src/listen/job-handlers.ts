import { type AgentEvent, type EventFilter, eventPasses, type JobStatus, NewsFeed } from '@understudy/wire';
import type { EventLog } from '../events/event-log.ts';
import type { Caller, CallHandlers, TopicHandlers } from './dispatch.ts';
import type { CallContext, JobControl } from './job-control.ts';

type JobCalls = {
  [N in keyof CallHandlers as N extends `job.${string}` | `events.${string}` ? N : never]: CallHandlers[N];
};

const contextOf = (caller: Caller): CallContext => ({ signal: caller.signal, caller: caller.name });

export function jobHandlers(jobs: JobControl, events: EventLog): JobCalls {
  return {
    'job.validate': (definition, caller) => jobs.validate(definition, contextOf(caller)),
    'job.create': (definition, caller) => jobs.create(definition, contextOf(caller)),
    'job.get': ({ name }) => jobs.get(name),
    'job.edit': (asked, caller) => jobs.edit(asked, contextOf(caller)),
    'job.start': ({ name, ...options }, caller) => jobs.start(name, contextOf(caller), options),
    'job.stop': ({ name }, caller) => jobs.stop(name, contextOf(caller)),
    'job.pause': ({ name }, caller) => jobs.pause(name, contextOf(caller)),
    'job.resume': ({ name }, caller) => jobs.resume(name, contextOf(caller)),
    'job.delete': async ({ name }, caller) => {
      await jobs.delete(name, contextOf(caller));
      return {};
    },
    'job.list': () => jobs.list(),
    'job.status': ({ name }) => jobs.status(name),
    'job.mirror': (params, caller) => jobs.mirror(params, contextOf(caller)),
    'job.mirrorChange': (params, caller) => jobs.mirrorChange(params, contextOf(caller)),
    'job.brake': (params, caller) => jobs.brake(params, contextOf(caller)),
    'job.failoverPlan': (params) => jobs.failoverPlan(params),
    'job.failover': (params, caller) => jobs.failover(params, contextOf(caller)),
    'job.testFailover': ({ name }, caller) => jobs.testFailover(name, contextOf(caller)),
    'job.failoverCancel': ({ name }, caller) => jobs.failoverCancel(name, contextOf(caller)),
    'job.verifications': (params) => jobs.verifications(params),
    'job.verify': (params, caller) => jobs.verify(params, contextOf(caller)),
    'job.flush': (params, caller) => jobs.flush(params, contextOf(caller)),
    'job.points': ({ name }) => jobs.points(name),
    'job.view': (params) => jobs.view(params),
    'job.endView': async (params) => {
      await jobs.endView(params);
      return {};
    },
    'job.unsent': ({ name }) => jobs.unsent(name),
    'job.failback': ({ name }) => jobs.failback(name),
    'job.reverse': ({ name }) => jobs.reverse(name),
    'job.undoFailover': (params) => jobs.undoFailover(params),
    'job.holdWrites': (params) => jobs.holdWrites(params),
    'job.letWrite': (params) => jobs.letWrite(params),
    'job.restorePlan': (params) => jobs.restorePlan(params),
    'job.restore': (params, caller) => jobs.restore(params, contextOf(caller)),
    'job.restoreStatus': ({ name }) => jobs.restoreStatus(name),
    'job.restoreCancel': ({ name }, caller) => jobs.restoreCancel(name, contextOf(caller)),
    'job.history': (params) => jobs.history(params),
    'events.list': async ({ limit, ...filter }) => ({ events: events.list(filter, limit), last: events.last }),
  };
}

const PAGE = 1000;

/** What happened since that id, page by page, so that nothing is left out however far back it lies. */
function replay(events: EventLog, filter: EventFilter, push: (event: AgentEvent) => void): void {
  let after = filter.after;
  while (after !== undefined) {
    const page = events.list({ ...filter, after }, PAGE);
    for (const event of page) push(event);
    after = page.length < PAGE ? undefined : page.at(-1)?.id;
  }
}

/** Of all jobs, or one: how it stands, and from then on whatever changes. Returns the way to end it. */
async function follow(
  jobs: JobControl,
  only: string | undefined,
  tell: (name: string, status: JobStatus | null) => void,
): Promise<() => void> {
  // Listening begins before the present state is fetched: what changes in between is told, and told later.
  const changed = new Map<string, JobStatus | null>();
  let live = false;
  const end = jobs.onStatus((job, status) => {
    if (only !== undefined && only !== job) return;
    if (live) tell(job, status);
    else changed.set(job, status);
  });
  try {
    const now = only === undefined ? (await jobs.list()).jobs.map((job) => job.status) : [await jobs.status(only)];
    for (const status of now) if (!changed.has(status.name)) tell(status.name, status);
    for (const [job, status] of changed) tell(job, status);
    live = true;
  } catch (error) {
    end();
    throw error;
  }
  return end;
}

export function topicHandlers(jobs: JobControl, events: EventLog): TopicHandlers {
  return {
    'job-status': async ({ name }, push) => ({
      end: await follow(jobs, name, (job, status) => push({ name: job, status })),
    }),
    'job-changes': async ({ figures }, push) => {
      const feed = new NewsFeed({ push, soon: queueMicrotask, later }, figures);
      const end = await follow(jobs, undefined, (job, status) => feed.tell(job, status));
      return {
        end: () => {
          end();
          feed.stop();
        },
        change: (changed) => feed.retune(changed.figures ?? null),
      };
    },
    events: async (filter, push) => {
      replay(events, filter, push);
      const end = events.subscribe((event) => {
        if (eventPasses(event, filter)) push(event);
      });
      return { end };
    },
  };
}

function later(ms: number, work: () => void): () => void {
  const timer = setTimeout(work, ms);
  return () => clearTimeout(timer);
}
