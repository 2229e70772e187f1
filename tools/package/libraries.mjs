/** The licenses of the libraries that are built into the console, as vite finds them. In: a list of each built part. Out: one text. Pure. */

/** @typedef {{ name: string, version: string, identifier?: string, text?: string }} Library */

/** @param {readonly (readonly Library[])[]} parts @returns {Library[]} each once, by name */
export function librariesOf(parts) {
  const known = new Map(parts.flat().map((library) => [`${library.name} ${library.version}`, library]));
  return [...known.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, library]) => library);
}

/** @param {readonly Library[]} libraries */
export function librariesText(libraries) {
  const sections = libraries.map(({ name, version, identifier, text }) => {
    const title = `## ${name} ${version}${identifier === undefined ? '' : ` (${identifier})`}`;
    return text === undefined ? title : `${title}\n\n${text}`;
  });
  return `${['# Libraries in the console of Understudy, and their licenses', ...sections].join('\n\n')}\n`;
}

/** What may not be handed on, since nobody knows on which terms. @param {readonly Library[]} libraries */
export const libraryFaults = (libraries) =>
  libraries
    .filter(({ identifier, text }) => identifier === undefined && text === undefined)
    .map(({ name, version }) => `${name} ${version} says nothing of its license`);
