/**
 * Loaded before the program of the cutover (`node --import`): stops the process itself, by SIGSTOP, as soon as a named line of the journal
 * is on the disk and before what it tells is done. Nothing in golive knows of it.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { HALT, type HaltPoint } from './halt-point.ts';

const point = JSON.parse(process.env[HALT] ?? 'null') as HaltPoint | null;
const isCutover = process.argv[1]?.endsWith('cutover.js') === true && !process.argv.includes('--rehearse');
if (point && isCutover && process.argv.includes('--back') === (point.back ?? false)) stopAfter(point);

function stopAfter({ event, count = 1 }: HaltPoint): void {
  const { writeFileSync, fsyncSync } = fs;
  let seen = 0;
  let isDue = false;
  const write = (...args: Parameters<typeof writeFileSync>): void => {
    const [file, data] = args;
    writeFileSync(...args);
    const isTold = typeof file === 'number' && typeof data === 'string' && data.includes(`"event":"${event}"`);
    if (isTold) isDue = (seen += 1) === count;
  };
  const sync = (file: number): void => {
    fsyncSync(file);
    if (!isDue) return;
    isDue = false;
    process.kill(process.pid, 'SIGSTOP');
  };
  Object.assign(fs, { writeFileSync: write, fsyncSync: sync });
  syncBuiltinESMExports();
}
