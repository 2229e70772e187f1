/** marker: a position to wait for. */
export function marker(): void {}
