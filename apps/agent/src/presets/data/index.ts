/** The presets there are, one a file. In: nothing. Out: the list. Promised: adding one is one file, one line here, and its test. */
import type { Preset } from '../preset.ts';
import { apache } from './apache.ts';
import { docker } from './docker.ts';
import { libvirt } from './libvirt.ts';
import { mariadb } from './mariadb.ts';
import { nfs } from './nfs.ts';
import { nginx } from './nginx.ts';
import { postgresql } from './postgresql.ts';
import { samba } from './samba.ts';

export const PRESETS: readonly Preset[] = [postgresql, mariadb, samba, nfs, nginx, apache, docker, libvirt];
