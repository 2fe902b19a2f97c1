/** Words of a command to the terminal, and colour where there is one. */
import { hideCredentials } from '../checks/contract/credentials.ts';
import { visibleJson, visibleText } from '../checks/contract/visible-text.ts';

/** To stdout; whatever a name or title holds, the terminal obeys none of it. */
export function writeOut(text: string): void {
  writePlain(text, process.stdout);
}

/** The same to stderr. */
export function writeError(text: string): void {
  writePlain(text, process.stderr);
}

function writePlain(text: string, stream: NodeJS.WritableStream): void {
  const shown = visibleText(hideCredentials(text));
  stream.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}

/** What a program will read, byte for byte; only on a terminal what could mislead is made visible. */
export function writeRaw(text: string): void {
  process.stdout.write(process.stdout.isTTY ? visibleText(text) : text);
}

export function writeJson(value: unknown): void {
  process.stdout.write(`${visibleJson(value)}\n`);
}

// Built from text: no control character in this source.
const COLOUR = new RegExp('(\\u001b\\[[0-9;]*m)');

/** A text that may hold colours: those stay, everything else that a terminal would obey is made visible. */
export function writePainted(text: string, stream: NodeJS.WritableStream = process.stdout): void {
  const shown = hideCredentials(text)
    .split(COLOUR)
    .map((part, index) => (index % 2 === 1 ? part : visibleText(part)))
    .join('');
  stream.write(shown.endsWith('\n') ? shown : `${shown}\n`);
}

/** May a stream be coloured? Never with NO_COLOR, never into a file or pipe. */
export function hasColour(stream: { readonly isTTY?: boolean } = process.stdout): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'];
}
