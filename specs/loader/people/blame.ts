/** Who wrote lines of a file, as git says: whoever approves an exception is not who wrote it. */
import { spawnSync } from 'node:child_process';
import { dirname, basename, resolve } from 'node:path';

/** Names and mail addresses of who wrote each line, by its number; absent: not committed, or no repository knows the file. */
export type Authors = ReadonlyMap<number, readonly string[]>;

/** Of the lines named; empty where nobody can tell. Never throws. */
export function authorsOf(root: string, file: string, lines: readonly number[]): Authors {
  if (lines.length === 0) return new Map();
  const path = resolve(root, file);
  const ranges = [...new Set(lines)].sort((a, b) => a - b).flatMap((line) => ['-L', `${line},${line}`]);
  const told = git(dirname(path), ['blame', '--line-porcelain', ...ranges, '--', basename(path)]);
  const read = told === null ? [] : parseBlame(told);
  // Where the history was cut off, all that is older seems to be of the commit at the cut.
  const isCut =
    read.some(({ isFirst }) => isFirst) && git(dirname(path), ['rev-parse', '--is-shallow-repository']) !== 'false\n';
  const known = read.filter(({ isCommitted, isFirst }) => isCommitted && !(isFirst && isCut));
  return new Map(known.map(({ line, names }) => [line, names]));
}

/** What git says; null where it refuses, or is not there. */
function git(folder: string, args: readonly string[]): string | null {
  const { status, stdout } = spawnSync('git', args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout : null;
}

interface Blamed {
  readonly line: number;
  readonly names: readonly string[];
  readonly isCommitted: boolean;
  /** Of a commit without parents here. */
  readonly isFirst: boolean;
}

/** Each line begins with its commit and ends with its text, after a tab. */
function parseBlame(text: string): readonly Blamed[] {
  return text.split(/^\t.*\n?/m).flatMap((entry): readonly Blamed[] => {
    const [, commit = '', line] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(entry) ?? [];
    if (line === undefined) return [];
    const names = [/^author (.*)$/m.exec(entry)?.[1] ?? '', /^author-mail <?([^>\n]*)>?$/m.exec(entry)?.[1] ?? ''];
    // What nobody has committed yet is of the commit 0000….
    return [{ line: Number(line), names, isCommitted: /[^0]/.test(commit), isFirst: /^boundary$/m.test(entry) }];
  });
}
