import picocolors from 'picocolors';

export type Paint = ReturnType<typeof picocolors.createColors>;

/** Colours for a terminal; plain text where they are off. */
export function paints(colour: boolean): Paint {
  return picocolors.createColors(colour);
}
