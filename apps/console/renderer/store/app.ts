/** The one store of this window, its history, and what a person may set off. In: intentions. Out: requests to the main process, and state. */
import { useStore } from 'zustand';
import type { Place, Preferences } from '../../shared/preferences.ts';
import type { Batch, Snapshot, World } from '../../shared/view.ts';
import { invoke } from '../bridge.ts';
import { History, SAMPLE_MS } from './history.ts';
import { applied, type ConsoleState, makeStore, opened, type Sheet } from './store.ts';
import { isWatched } from './watched.ts';

export const store = makeStore();
export const history = new History();

export function useConsole<T>(select: (state: ConsoleState) => T): T {
  return useStore(store, select);
}

/** A batch that comes before the snapshot is in it already, or is applied behind it: its number says which. */
export function begin(snapshot: Snapshot, takeBatches: (listener: (batch: Batch) => void) => void): void {
  const world = JSON.parse(snapshot.world) as World;
  store.setState((state) => opened(state, snapshot, world));
  takeBatches(({ number, deltas }) => {
    if (number > world.number) store.setState((state) => applied(state, deltas));
  });
  const sample = (): void => history.sample(store.getState().jobs, Date.now(), isWatched);
  sample();
  setInterval(sample, SAMPLE_MS);
}

export function go(place: Place): void {
  store.setState({ place, sheet: null });
  remember({ place });
}

export const openSheet = (sheet: Sheet): void => store.setState({ sheet });
export const closeSheet = (): void => store.setState({ sheet: null });

/** The place stays what it is: whoever asked for it goes on from where he is. */
export async function forgetMemory(): Promise<void> {
  const preferences = await invoke('forgetMemory', {});
  store.setState({ preferences });
}

export function remember(changes: Partial<Preferences>): void {
  store.setState((state) => ({ preferences: { ...state.preferences, ...changes } }));
  // What cannot be remembered holds until the window closes.
  invoke('remember', changes).catch(() => undefined);
}
