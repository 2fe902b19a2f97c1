/** Synchronous words to the terminal: in `process.on('exit')` nothing asynchronous is written any more. */
import { writeSync } from 'node:fs';
import { hideCredentials } from '../checks/contract/credentials.ts';
import { visibleText } from '../checks/contract/visible-text.ts';

/** A text that may hold colours of our own: who painted it has made the rest visible. */
export function sayOut(text: string): void {
  say(1, text);
}
/** The same to stderr. */
export function sayPaintedError(text: string): void {
  say(2, text);
}
/** Whatever it holds, the terminal obeys none of it. */
export function sayError(text: string): void {
  sayPaintedError(visibleText(hideCredentials(text)));
}
function say(descriptor: 1 | 2, text: string): void {
  const bytes = Buffer.from(text.endsWith('\n') ? text : `${text}\n`);
  for (let offset = 0; offset < bytes.length;) {
    try {
      offset += writeSync(descriptor, bytes, offset);
    } catch (error) {
      // A full pipe: its reader is behind. A closed one: nobody listens.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
    }
  }
}
