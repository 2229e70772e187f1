/**
 * presets: applications that this agent knows how to protect and how to start. In: the server as it is. Out: what was found, what a target
 * must have for it, and what this server lacks as a target. Promised: only files, /proc and a program's own version are looked at, nothing
 * heavy runs, and nothing is changed. A preset is data (`data/`, one file each); everything beside it is the one interpreter.
 */
import {
  type FoundPreset,
  foundPresetSchema,
  ManagementError,
  type PresetNeeds,
  type Problem,
  type RawPath,
} from '@understudy/wire';
import { PRESETS } from './data/index.ts';
import { describeInstance, findInstances } from './find-presets.ts';
import type { Preset } from './preset.ts';
import { needsOf } from './preset-needs.ts';
import { type ServerView, thisServer } from './server-view.ts';
import { validateNeeds, validationPorts } from './validate-needs.ts';

export interface Presets {
  list(): FoundPreset[];
  needs(name: string): Promise<PresetNeeds>;
  validate(asked: { readonly needs: PresetNeeds; readonly to: RawPath | null }): Promise<Problem[]>;
}

export function openPresets(view: ServerView = thisServer, presets: readonly Preset[] = PRESETS): Presets {
  const ports = validationPorts(view, presets);
  return {
    list: () => {
      const processes = view.processes();
      const found = findInstances(view, presets).map((instance) => describeInstance(instance, processes));
      // One that is called as nothing can be called (by its directories) would keep all others from being listed.
      return found.filter((each) => foundPresetSchema.safeParse(each).success);
    },
    needs: async (name) => {
      const instances = findInstances(view, presets);
      const instance = instances.find((each) => each.name === name);
      if (instance !== undefined) return await needsOf(view, instance);
      const known = instances.map((each) => each.name).join(', ');
      const found = known === '' ? 'no application that a preset knows was found' : `found are ${known}`;
      throw new ManagementError('refused', `There is no ${name} on this server: ${found}.`);
    },
    validate: (asked) => validateNeeds(ports, asked),
  };
}
