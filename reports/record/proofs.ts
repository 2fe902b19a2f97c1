/** Which items a drill has shown to turn red, when and by which fault: kept for the report. It decides nothing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isRecord, parseJson } from '../../checks/contract/json.ts';
import { writeJsonAtomic } from './io.ts';

/** The last drill that turned an item red as it had declared. */
export interface Proof {
  /** RFC 3339. */
  readonly at: string;
  readonly fault: string;
}
export type Proofs = ReadonlyMap<string, Proof>;

const proofsFile = (root: string): string => join(root, '.golive', 'proofs.json');

/** None where there is no such file, or what is in it is something else. */
export function readProofs(root: string): Proofs {
  let text: string;
  try {
    text = readFileSync(proofsFile(root), 'utf8');
  } catch {
    return new Map();
  }
  const value = parseJson(text);
  if (!isRecord(value)) return new Map();
  return new Map(
    Object.entries(value).flatMap(([item, proof]) =>
      isRecord(proof) && typeof proof['at'] === 'string' && typeof proof['fault'] === 'string'
        ? [[item, { at: proof['at'], fault: proof['fault'] }]]
        : [],
    ),
  );
}

/** Adds what a drill has shown; of items that it did not touch the earlier proof stays. Throws RunFileError. */
export function addProofs(
  root: string,
  shown: readonly { readonly item: string; readonly faults: readonly string[] }[],
  at: Date,
): void {
  const proofs = new Map(readProofs(root));
  for (const { item, faults } of shown) {
    const [fault] = faults;
    if (fault !== undefined) proofs.set(item, { at: at.toISOString(), fault });
  }
  writeJsonAtomic(proofsFile(root), Object.fromEntries(proofs));
}
