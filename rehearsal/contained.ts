/**
 * Which failures end the rehearsal. The embedded Kubernetes works on one object after another, on promises that nobody holds: what it
 * stumbles over at one of them must not end all the others. A failure of the rehearsal's own is another matter.
 */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const KUBERNETES = '@ngrok/webernetes/';
const FRAME = /(file:\/\/\/[^\s()]+|\/[^\s():]+):(\d+):\d+\)?$/;
/** What esbuild writes before each module of a bundle. */
const MODULE = /^\/\/ \S+\.[cm]?[jt]s$/;

/** Whether the embedded Kubernetes was at work when this was thrown. */
export function isOfKubernetes(cause: unknown): boolean {
  const frames = cause instanceof Error ? (cause.stack ?? '').split('\n') : [];
  return frames.some((frame) => {
    const [, place = '', line = '0'] = FRAME.exec(frame.trim()) ?? [];
    return place !== '' && moduleAt(place, Number(line)).includes(KUBERNETES);
  });
}

/** The module that a line comes from: the file itself, or of a bundle the part that the line is in. */
function moduleAt(place: string, line: number): string {
  if (place.includes(KUBERNETES)) return place;
  try {
    const path = place.startsWith('file:') ? fileURLToPath(place) : place;
    const before = readFileSync(path, 'utf8').split('\n', line);
    return before.reverse().find((text) => MODULE.test(text)) ?? '';
  } catch {
    // A file that is no more, or none, such as those of Node itself.
    return '';
  }
}
