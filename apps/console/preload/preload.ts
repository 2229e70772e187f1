/** The window's door to the main process: two functions, no Electron. What they carry is checked on the other side. */
import { contextBridge, ipcRenderer } from 'electron';

// Written out: what would be imported for them brings all schemas along.
const PREFIX = 'understudy:';

contextBridge.exposeInMainWorld('understudy', {
  invoke: (channel: unknown, payload: unknown) => ipcRenderer.invoke(`${PREFIX}${String(channel)}`, payload),
  onDeltas: (listener: (batch: unknown) => void) => {
    ipcRenderer.on(`${PREFIX}deltas`, (_event, batch: unknown) => listener(batch));
  },
});
