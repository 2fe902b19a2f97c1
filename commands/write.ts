/** Words of a command to the terminal, and colour where there is one. */
import { hideCredentials } from '../checks/contract/credentials.ts';
import { visibleJson, visibleText } from '../checks/contract/visible-text.ts';

/** To stdout; whatever a name or title holds, the terminal obeys none of it. */
export function writeOut(text: string): void {
  writePainted(visibleText(hideCredentials(text)));
}

/** The same to stderr. */
export function writeError(text: string): void {
  writePainted(visibleText(hideCredentials(text)), process.stderr);
}

export function writeJson(value: unknown): void {
  writePainted(visibleJson(value));
}

/** A text that may hold colours of our own: who painted it has made the rest visible. */
export function writePainted(text: string, stream: NodeJS.WritableStream = process.stdout): void {
  stream.write(text.endsWith('\n') ? text : `${text}\n`);
}

/** May a stream be coloured? Never with NO_COLOR, never into a file or pipe. */
export function hasColour(stream: { readonly isTTY?: boolean } = process.stdout): boolean {
  return stream.isTTY === true && !process.env['NO_COLOR'];
}
