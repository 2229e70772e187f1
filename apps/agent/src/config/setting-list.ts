/**
 * The settings for people, and their change. In: the file as it was when the agent started and as it is now, options of the command line.
 * Out: a list, or a refusal. Promise: nothing is written that the agent would not start with, and what runs is not touched.
 */
import { type AgentSettings, ManagementError, type Setting } from '@understudy/wire';
import { parse } from 'yaml';
import { messageOf, StartError } from '../home/start-error.ts';
import { type Config, editConfig, readConfig, type Written, writtenAs } from './config-file.ts';
import { isSettingKey, type SettingKey, settingDefinitions, settingKeys } from './settings.ts';

export class SettingList {
  readonly #started: Config;
  readonly #options: Written;

  /** `options`: what the command line says, which stands before the file. */
  constructor(started: Config, options: Written) {
    this.#started = started;
    this.#options = options;
  }

  list(): AgentSettings {
    const file = this.#started.path;
    try {
      const { written } = readConfig(file);
      return { file, problem: null, settings: settingKeys.map((key) => this.#of(key, written)) };
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      return { file, problem: error.message, settings: settingKeys.map((key) => this.#of(key, null)) };
    }
  }

  /** Null: as usual. Throws ManagementError. */
  change(key: string, value: string | null): AgentSettings {
    if (!isSettingKey(key)) throw new ManagementError('invalid', `there is no setting ${JSON.stringify(key)}`);
    try {
      editConfig(this.#started.path, key, value === null ? null : readValue(value));
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      throw new ManagementError('refused', error.message);
    }
    return this.list();
  }

  #of(key: SettingKey, file: Written | null): Setting {
    const { doc, unit, written: usual } = settingDefinitions[key];
    const [option, before] = [this.#options[key], this.#started.written[key]];
    return {
      ...{ key, doc, unit, usual },
      now: option ?? before ?? usual,
      from: option !== undefined ? 'option' : before !== undefined ? 'file' : 'default',
      next: file === null ? null : (option ?? file[key] ?? usual),
    };
  }
}

/** As YAML reads it on one line; what it does not take is a text, of which the setting itself says what would be right. */
function readValue(text: string): unknown {
  try {
    const value: unknown = parse(text);
    return value === null || (typeof value === 'object' && !Array.isArray(value)) ? text : value;
  } catch (error) {
    throw new ManagementError('invalid', `${writtenAs(text)} cannot be read: ${messageOf(error).split('\n')[0]}`);
  }
}
