/** The only file of the main process that knows Electron's channels: who may speak is decided here, once, for all of them. */
import { type IpcMainInvokeEvent, ipcMain, type WebContents } from 'electron';
import { type Answer, CHANNEL_PREFIX, type ChannelName, channels, DELTAS } from '../shared/ipc-channels.ts';
import { isOwnPage } from './resource.ts';

const STRANGER: Answer = {
  ok: false,
  error: { code: 'forbidden', agentCode: null, sentence: 'only the console itself may ask' },
};

/** Checks a payload and answers it. */
export type Answering = (name: ChannelName, payload: unknown) => Promise<Answer>;

export function serveChannels(answering: Answering, contents: () => WebContents | null): void {
  for (const name of Object.keys(channels) as ChannelName[])
    ipcMain.handle(`${CHANNEL_PREFIX}${name}`, async (event, payload: unknown) =>
      isOurs(event, contents()) ? await answering(name, payload) : STRANGER,
    );
}

/** The top frame of our one window, showing our own page. */
function isOurs(event: IpcMainInvokeEvent, contents: WebContents | null): boolean {
  const frame = event.senderFrame;
  return (
    contents !== null &&
    event.sender === contents &&
    frame !== null &&
    frame === contents.mainFrame &&
    isOwnPage(frame.url)
  );
}

export function pushBatch(contents: WebContents | null, text: string): void {
  if (contents !== null && !contents.isDestroyed()) contents.send(DELTAS, text);
}
