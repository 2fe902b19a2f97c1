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
  const { writeSync, fsyncSync } = fs;
  let seen = 0;
  let isDue = false;
  const write = (file: number, data: string): number => {
    if (data.startsWith('{"at":') && data.includes(`"event":"${event}"`)) isDue = (seen += 1) === count;
    return writeSync(file, data);
  };
  const sync = (file: number): void => {
    fsyncSync(file);
    if (!isDue) return;
    isDue = false;
    process.kill(process.pid, 'SIGSTOP');
  };
  Object.assign(fs, { writeSync: write, fsyncSync: sync });
  syncBuiltinESMExports();
}
