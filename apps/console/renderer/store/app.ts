/** The one store of this window, its history, and what a person may set off. In: intentions. Out: requests to the main process, and state. */
import { useStore } from 'zustand';
import type { Place, Preferences } from '../../shared/preferences.ts';
import { invoke, onDeltas } from '../bridge.ts';
import { History, SAMPLE_MS } from './history.ts';
import { applied, type ConsoleState, makeStore, opened, type Sheet } from './store.ts';

export const store = makeStore();
export const history = new History();

export function useConsole<T>(select: (state: ConsoleState) => T): T {
  return useStore(store, select);
}

/** Deltas that come before the snapshot are in it already, or are applied behind it. */
export async function begin(): Promise<void> {
  onDeltas((deltas) => {
    if (store.getState().ready) store.setState((state) => applied(state, deltas));
  });
  const snapshot = await invoke('open', {});
  store.setState((state) => opened(state, snapshot));
  // Drawn by the frame after the next one; how long a start takes is measured by it.
  requestAnimationFrame(() => requestAnimationFrame(() => performance.mark('shown')));
  const sample = (): void => history.sample(store.getState().jobs, Date.now());
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
