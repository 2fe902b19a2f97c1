/** Lines of the first simulated day and of the day before it, among the logs of the containers: a pod that is gone has left them. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SimulatedLine, SimulatedLog } from './script.ts';

const HOUR_MS = 3_600_000;
/** Hours before and after the approval. */
const [FROM, TO] = [-24, 25];

/** `folder` is that of the containers' logs. `more` are lines that a fault adds to one of them. */
export function writeLogs(
  folder: string,
  logs: readonly SimulatedLog[],
  approvedAt: number,
  more?: SimulatedLine & { readonly stream: string },
): void {
  if (logs.length > 0) mkdirSync(folder, { recursive: true });
  for (const { stream, lines } of logs) {
    const all = more?.stream === stream ? [...lines, more] : lines;
    const text = Array.from({ length: TO - FROM }, (_, index) => linesOf(all, FROM + index, approvedAt));
    writeFileSync(join(folder, `${stream}.log`), text.join(''));
  }
}

/** One of each line in each hour, as the services write them. */
function linesOf(lines: readonly SimulatedLine[], hour: number, approvedAt: number): string {
  return lines
    .filter(({ from = FROM, to = TO }) => hour >= from && hour < to)
    .map(({ level, message }, index) => {
      const time = new Date(approvedAt + hour * HOUR_MS + (index + 1) * 60_000).toISOString();
      return `${JSON.stringify({ time, level, message, hour })}\n`;
    })
    .join('');
}
