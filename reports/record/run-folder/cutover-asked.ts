/** Steps are asked for by empty files in `<run>/cutover-asked/`: whoever asks may die, the request stands. */
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Stands for the rehearsal of the rollback among the items whose step was asked for. */
export const REHEARSAL = 'rollback-rehearsal';

const askedFolder = (runDir: string): string => join(runDir, 'cutover-asked');

/** Asks for the step of an item, or for the rehearsal; asking again changes nothing. */
export function askForStep(runDir: string, item: string): void {
  mkdirSync(askedFolder(runDir), { recursive: true, mode: 0o700 });
  writeFileSync(join(askedFolder(runDir), item), '', { mode: 0o600 });
}

/** Items whose step was asked for. */
export function askedSteps(runDir: string): readonly string[] {
  return existsSync(askedFolder(runDir)) ? readdirSync(askedFolder(runDir)) : [];
}
