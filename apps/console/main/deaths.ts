/** When something died that is started again each time. One that dies at once wherever it begins is not to be started for ever. Pure. */
export type Deaths = readonly number[];
export const NO_DEATHS: Deaths = [];

const MOST = 3;
const WITHIN_MS = 60_000;

export function withDeath(before: Deaths, nowMs: number): { readonly deaths: Deaths; readonly isTooOften: boolean } {
  const deaths = [...before.filter((at) => nowMs - at < WITHIN_MS), nowMs];
  return { deaths, isTooOften: deaths.length > MOST };
}
