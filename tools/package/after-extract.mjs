/** electron-builder calls this when Electron is laid out and the console is not in it yet. What Electron brings to start somebody's folder goes. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';

export default function afterExtract({ appOutDir, electronPlatformName }) {
  const place = electronPlatformName === 'darwin' ? ['Electron.app', 'Contents', 'Resources'] : ['resources'];
  rmSync(join(appOutDir, ...place, 'default_app.asar'), { force: true });
}
