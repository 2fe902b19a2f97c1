/** Writing that survives a crash: a reader finds the old file, the new file or a torn last line, never half of anything else. */
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { errorText } from '../../checks/contract/text.ts';

/** A file of golive's own could not be written or read; the message names it and says what to do. */
export class RunFileError extends Error {
  override readonly name = 'RunFileError';
}

const FIXES: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full: free some space and run again',
  EACCES: 'this user may not write there: correct the owner or the mode of the folder',
  EPERM: 'this user may not write there: correct the owner or the mode of the folder',
  EROFS: 'the file system is read-only: run golive in a folder it may write to',
  ENOTDIR: 'a file stands where a folder is needed: move it away',
  EEXIST: 'a file stands where a folder is needed: move it away',
  EISDIR: 'a folder stands where a file is needed: move it away',
  EDQUOT: 'the disk quota is used up: free some space and run again',
};

/** An error of the file system in words, with the way out where we know it. */
export function fileProblem(doing: string, path: string, error: unknown): RunFileError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const why = FIXES[code] ?? errorText(error);
  return new RunFileError(`cannot ${doing} ${path}: ${why}${code === '' ? '' : ` (${code})`}`, { cause: error });
}

/** Writes text by a temporary file in the same folder, fsync and rename. Makes the folder. Throws RunFileError. */
export function writeTextAtomic(path: string, text: string, mode = 0o644): void {
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}.tmp`;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(temporary, 'wx', mode);
    try {
      writeFileSync(file, text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(temporary, path);
    syncFolder(dirname(path));
  } catch (error) {
    discard(temporary);
    throw fileProblem('write', path, error);
  }
}

/** What went wrong before matters more than a temporary file that stays. */
function discard(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    return;
  }
}

/** Makes a folder that its owner alone may read, and makes one so that is there already. Throws RunFileError. */
export function makePrivate(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
    chmodSync(path, 0o700);
  } catch (error) {
    throw fileProblem('make the folder', path, error);
  }
}

/** The same for a value, as JSON for programs. */
export function writeJsonAtomic(path: string, value: unknown, mode = 0o644): void {
  writeTextAtomic(path, `${JSON.stringify(value)}\n`, mode);
}

/** The same as JSON that people read, too. */
export function writeReadableJson(path: string, value: unknown, mode = 0o644): void {
  writeTextAtomic(path, `${JSON.stringify(value, null, 2)}\n`, mode);
}

/** Appends whole lines and fsyncs. Starts on a line of its own even after a line that somebody tore. Throws RunFileError. */
export function appendLines(path: string, lines: readonly string[], mode = 0o600): void {
  try {
    const file = openSync(path, 'a+', mode);
    try {
      const text = lines.map((line) => `${line}\n`).join('');
      writeFileSync(file, endsTorn(file) ? `\n${text}` : text);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    throw fileProblem('append to', path, error);
  }
}

function endsTorn(file: number): boolean {
  const { size } = fstatSync(file);
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  readSync(file, last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

/** A rename is on disk only when its folder is. Some file systems cannot do it; then there is nothing more to do. */
function syncFolder(path: string): void {
  try {
    const folder = openSync(path, 'r');
    try {
      fsyncSync(folder);
    } finally {
      closeSync(folder);
    }
  } catch {
    return;
  }
}

/** The version of golive that runs, from the package.json above this file. */
export function goliveVersion(from: string = import.meta.dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version?: unknown };
      if (typeof version === 'string') return version;
    }
    if (folder === dirname(folder)) return 'unknown';
  }
}
