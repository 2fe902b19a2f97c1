/** Steps are asked for by empty files in `<run>/cutover-asked/`: whoever asks may die, the request stands. */
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Stands for the rehearsal of the rollback among the items whose step was asked for. */
export const REHEARSAL = 'rollback-rehearsal';

const askedFolder = (runDir: string): string => join(runDir, 'cutover-asked');

/** Asks for the step of an item, or for the rehearsal; asking again changes nothing. */
export function askForStep(runDir: string, item: string): void {
  mkdirSync(askedFolder(runDir), { recursive: true, mode: 0o700 });
  writeFileSync(join(askedFolder(runDir), item), '', { mode: 0o600 });
}

const stopFile = (runDir: string): string => join(runDir, 'cutover-stopped');

/** From now on no step begins: whoever has stopped the cutover looks into it. Its triggers stay armed. */
export function askForStop(runDir: string): void {
  writeFileSync(stopFile(runDir), '', { mode: 0o600 });
}

export function releaseStop(runDir: string): void {
  rmSync(stopFile(runDir), { force: true });
}

/** Items whose step was asked for; none while somebody has stopped the cutover. */
export function askedSteps(runDir: string): readonly string[] {
  if (existsSync(stopFile(runDir))) return [];
  return existsSync(askedFolder(runDir)) ? readdirSync(askedFolder(runDir)) : [];
}
