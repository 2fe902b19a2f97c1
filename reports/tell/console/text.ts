/** Lines for a terminal: colours on request, wrapping by columns. */
import { visibleText } from '../../../checks/contract/visible-text.ts';

export type Paint = (text: string) => string;
export interface Colours {
  readonly bold: Paint;
  readonly dim: Paint;
  readonly red: Paint;
  readonly green: Paint;
  readonly yellow: Paint;
  readonly blue: Paint;
  /** White or black on a full background, for the decision. */
  readonly onRed: Paint;
  readonly onGreen: Paint;
  readonly onYellow: Paint;
}

/** ANSI colours, or none. */
export function colours(wanted: boolean): Colours {
  const paint =
    (open: string, close: string): Paint =>
    (text) =>
      wanted ? `\u001b[${open}m${text}\u001b[${close}m` : text;
  return {
    bold: paint('1', '22'),
    dim: paint('2', '22'),
    red: paint('31', '39'),
    green: paint('32', '39'),
    yellow: paint('33', '39'),
    blue: paint('34', '39'),
    onRed: paint('1;97;41', '0'),
    onGreen: paint('1;97;42', '0'),
    onYellow: paint('1;30;43', '0'),
  };
}

/** Columns a plain text takes. East Asian wide characters and most emoji take two, combining marks none. */
export function columnsOf(text: string): number {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mark}/u.test(character)) continue;
    columns +=
      /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60]|\p{Emoji_Presentation}/u.test(
        character,
      )
        ? 2
        : 1;
  }
  return columns;
}

/** Cuts to `width` columns, the last one an ellipsis. */
export function fit(text: string, width: number): string {
  if (columnsOf(text) <= width) return text;
  let kept = '';
  let columns = 0;
  for (const character of text) {
    columns += columnsOf(character);
    if (columns > width - 1) break;
    kept += character;
  }
  return `${kept.trimEnd()}…`;
}

/** Fills up with spaces to `width` columns. */
export function pad(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - columnsOf(text)));
}

/**
 * Wraps a text from outside to `width` columns, each line after `indent` spaces; words longer than a line are broken. Line feeds
 * stay. More than `limit` lines end in a line that says how many follow.
 */
export function wrap(text: string, width: number, indent: number, limit = Number.POSITIVE_INFINITY): readonly string[] {
  const room = Math.max(10, width - indent);
  const lines = visibleText(text)
    .split('\n')
    .flatMap((line) => wrapLine(line.trim(), room));
  const shown =
    lines.length > limit ? [...lines.slice(0, limit - 1), `… ${lines.length - limit + 1} more lines`] : lines;
  return shown.map((line) => (line === '' ? '' : ' '.repeat(indent) + line));
}

function wrapLine(line: string, room: number): readonly string[] {
  const lines: string[] = [];
  let current = '';
  for (const word of line.split(/\s+/).flatMap((part) => breakWord(part, room))) {
    const joined = current === '' ? word : `${current} ${word}`;
    if (columnsOf(joined) <= room) {
      current = joined;
    } else {
      lines.push(current);
      current = word;
    }
  }
  return [...lines, current];
}

function breakWord(word: string, room: number): readonly string[] {
  const parts: string[] = [];
  let current = '';
  let columns = 0;
  for (const character of word) {
    const size = columnsOf(character);
    if (columns + size > room) {
      parts.push(current);
      current = '';
      columns = 0;
    }
    current += character;
    columns += size;
  }
  return [...parts, current];
}
