const ESCAPE = String.fromCharCode(27);
const STYLE = new RegExp(`${ESCAPE}\\[[0-9;]*m`, 'g');

/** Cells of a line on a terminal: styles take none. Names in wide scripts may take more; they are clipped a little late. */
export function visibleLength(line: string): number {
  return Array.from(line.replace(STYLE, '')).length;
}

/** Cuts a line to `width` cells, styles kept and closed. */
export function clip(line: string, width: number): string {
  if (visibleLength(line) <= width) return line;
  let cells = 0;
  let text = '';
  for (const part of line.split(new RegExp(`(${ESCAPE}\\[[0-9;]*m)`))) {
    if (part.startsWith(ESCAPE)) text += part;
    else {
      const chars = Array.from(part);
      const room = Math.max(0, width - 1 - cells);
      text += chars.slice(0, room).join('');
      if (chars.length > room && cells <= width - 1) text += '…';
      cells += chars.length > room ? width : chars.length;
    }
  }
  return text;
}

/** Words of a sentence in lines of at most `width` cells; a longer word is left for `clip`. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const paragraph of text.split('\n')) {
    let line = '';
    for (const word of paragraph.split(' ')) {
      if (line !== '' && visibleLength(line) + 1 + visibleLength(word) > width) {
        lines.push(line);
        line = word;
      } else line = line === '' ? word : `${line} ${word}`;
    }
    lines.push(line);
  }
  return lines;
}

export function gap(cells: number): string {
  return ' '.repeat(Math.max(2, cells));
}

/** In the width of a column, styles not counted. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - visibleLength(text)));
}

/** The time of day of an ISO time, in UTC as the agents write it. */
export function clock(iso: string): string {
  return `${iso.slice(11, 19)}Z`;
}
