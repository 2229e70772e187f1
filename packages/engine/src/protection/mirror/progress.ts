/** What a mirror tells about itself. 100 % means done (MIR5): while anything is left it shows less. */
export interface MirrorProgress {
  filesTotal: number;
  filesDone: number;
  bytesTotal: number;
  /** Bytes of content sent. */
  bytesSent: number;
  /** Bytes found equal and not sent. */
  bytesSkipped: number;
}

export const noProgress = (): MirrorProgress => ({
  filesTotal: 0,
  filesDone: 0,
  bytesTotal: 0,
  bytesSent: 0,
  bytesSkipped: 0,
});

export function percentOf(progress: MirrorProgress, done: boolean): number {
  if (done) return 100;
  const handled = progress.bytesSent + progress.bytesSkipped + progress.filesDone;
  const total = progress.bytesTotal + progress.filesTotal;
  return total === 0 ? 0 : Math.min(99, Math.floor((handled / total) * 100));
}
