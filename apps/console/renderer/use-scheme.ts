import { useSyncExternalStore } from 'react';
import { useConsole } from './store/app.ts';

const dark = window.matchMedia('(prefers-color-scheme: dark)');
const onScheme = (listener: () => void): (() => void) => {
  dark.addEventListener('change', listener);
  return () => dark.removeEventListener('change', listener);
};

/** What the preference means now; the main process gives the system's own word to the media query. */
export function useScheme(): 'light' | 'dark' {
  const preference = useConsole((state) => state.preferences.theme);
  const systemDark = useSyncExternalStore(onScheme, () => dark.matches);
  if (preference !== 'system') return preference;
  return systemDark ? 'dark' : 'light';
}
