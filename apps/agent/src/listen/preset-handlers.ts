import { openPresets, type Presets } from '../presets/presets.ts';
import type { CallHandlers } from './dispatch.ts';

type PresetCalls = { [N in keyof CallHandlers as N extends `presets.${string}` ? N : never]: CallHandlers[N] };

export function presetHandlers(presets: Presets = openPresets()): PresetCalls {
  return {
    'presets.list': async () => ({ presets: presets.list() }),
    'presets.needs': ({ name }) => presets.needs(name),
    'presets.validate': async (asked) => ({ problems: await presets.validate(asked) }),
  };
}
