import { describe, expect, it, vi } from 'vitest';
import { newJob } from '../../source/known-job.ts';
import type { StoredJob } from '../../stored-job.ts';
import type { RoleDoor } from './door.ts';
import { WayHome } from './way-home.ts';

describe('a hand-over that may have been taken when the agent died', () => {
  it('[FO3] is asked about again, though what it protected cannot be intercepted here any more', async () => {
    const reverse = { purpose: 'failback', begun: true, handing: 3 } as unknown as StoredJob['reverse'];
    const definition = { name: 'ledger', target: { name: 'alpha' } } as StoredJob['definition'];
    const job = newJob({ id: 'one', epoch: 2, reverse, definition } as StoredJob);
    const done: string[] = [];
    const door: Partial<RoleDoor> = {
      all: () => [job],
      find: () => job,
      exclusively: (_job, work) => work(),
      roots: () => [],
      holdWrites: () => {},
      stop: async () => {},
      usersOfLeft: () => null,
      event: (_job, code) => done.push(code),
      remove: () => done.push('removed'),
    };
    const home = new WayHome({
      door: door as RoleDoor,
      say: async (_stored, intent, epoch) => {
        done.push(`${intent} ${epoch}`);
        return null;
      },
      keepAgain: () => done.push('kept again'),
    });
    home.restore();
    await vi.waitFor(() => expect(done).toEqual(['hand-over 3', 'kept again', 'handed-over', 'removed']));
    home.close();
  });
});
