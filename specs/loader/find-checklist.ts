/** Which checklist is meant, and the files of its phases. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path';
import type { Problem } from './problems.ts';
import { didYouMean } from './suggest.ts';

export const SPECS = 'specs';
export const CHECKLIST_FILE = 'checklist.yaml';

/** Which checklist: `chosen` (GOLIVE_CHECKLIST, a file or its folder), or the only folder of specs/ that holds one. */
export function findChecklist(
  root: string,
  chosen: string | undefined,
): { readonly file: string } | { readonly problem: Problem } {
  const folder = join(root, SPECS);
  const found = existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => existsSync(join(folder, name, CHECKLIST_FILE)))
        .sort()
    : [];
  if (chosen !== undefined && chosen !== '') return chosenChecklist(root, chosen, found);
  if (!existsSync(folder)) {
    const message = `${root} is no project: it has no folder ${SPECS}`;
    const fix = 'Run this in the folder of a project, or name that in GOLIVE_PROJECT';
    return { problem: { file: SPECS, line: 0, column: 0, field: '', message, fix } };
  }
  const [only] = found;
  if (only !== undefined && found.length === 1) return { file: `${SPECS}/${only}/${CHECKLIST_FILE}` };
  const at = { file: SPECS, line: 0, column: 0, field: '' };
  if (found.length === 0)
    return {
      problem: {
        ...at,
        message: `no folder of ${folder} holds a ${CHECKLIST_FILE}`,
        fix: 'Write specs/<name>/checklist.yaml, or name another in GOLIVE_CHECKLIST',
      },
    };
  return {
    problem: {
      ...at,
      message: 'it holds more than one checklist',
      allowed: found.map((name) => `${SPECS}/${name}`),
      fix: 'Name one in GOLIVE_CHECKLIST',
    },
  };
}

/** A folder or file, or the bare name of a folder in specs/. */
function chosenChecklist(root: string, chosen: string, found: readonly string[]): ReturnType<typeof findChecklist> {
  if (found.includes(chosen) && !existsSync(resolve(root, chosen)))
    return { file: `${SPECS}/${chosen}/${CHECKLIST_FILE}` };
  const named = /\.ya?ml$/.test(chosen) ? chosen : join(chosen, CHECKLIST_FILE);
  const path = relative(root, resolve(root, named));
  const file = path.startsWith('..') || isAbsolute(path) ? resolve(root, named) : path;
  if (existsSync(resolve(root, file))) return { file };
  const suggestion = didYouMean(basename(dirname(file)), found);
  return {
    problem: {
      file,
      line: 0,
      column: 0,
      field: '',
      message: 'there is no such checklist',
      allowed: found.map((name) => `${SPECS}/${name}`),
      ...(suggestion === undefined ? {} : { suggestion: `${SPECS}/${suggestion}` }),
      fix: 'Set GOLIVE_CHECKLIST to one of them or to the path of a file',
    },
  };
}

/** The files that `phases` names, and where it does. */
export function phaseFiles(value: unknown): { name: string; index: number }[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((name: unknown, index) => (typeof name === 'string' && name !== '' ? [{ name, index }] : []));
}
