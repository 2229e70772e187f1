/** A tar.gz of the application's folder, for whoever may not install packages, or does not want to. */
import { basename, dirname } from 'node:path';
import { must } from '../ensure.mjs';

/** @param {{ folder: string, file: string }} wanted whoever unpacks `file` gets one folder of its name */
export async function makeTar({ folder, file }) {
  const inside = basename(file, '.tar.gz');
  await must(
    'tar',
    [
      ...['--create', '--gzip', '--file', file, '--directory', dirname(folder)],
      ...['--sort=name', '--owner=root:0', '--group=root:0', '--mode=u+rwX,go+rX,go-w'],
      ...['--transform', `s,^${basename(folder)},${inside},`, basename(folder)],
    ],
    { quiet: true },
  );
}
