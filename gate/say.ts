/** Synchronous words to the terminal: in `process.on('exit')` nothing asynchronous is written any more. */
import { writeSync } from 'node:fs';
import { hideCredentials } from '../checks/contract/credentials.ts';
import { visibleText } from '../checks/contract/visible-text.ts';

/** A text that may hold colours of our own: who painted it has made the rest visible. */
export function sayPainted(text: string, to: 'out' | 'error'): void {
  say(to === 'out' ? 1 : 2, text);
}
export function sayOut(text: string): void {
  sayPainted(visibleText(text), 'out');
}
export function sayError(text: string): void {
  sayPainted(visibleText(hideCredentials(text)), 'error');
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
