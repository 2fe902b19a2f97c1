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
  const { status, stdout } = spawnSync('git', ['blame', '--line-porcelain', ...ranges, '--', basename(path)], {
    cwd: dirname(path),
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? parseBlame(stdout) : new Map();
}

/** What git writes for lines that nobody has committed yet. */
const UNCOMMITTED = /^0+$/;

function parseBlame(text: string): Authors {
  const authors = new Map<number, readonly string[]>();
  let line: number | null = null;
  let name = '';
  for (const one of text.split('\n')) {
    const [, commit, final] = /^([0-9a-f]{40,64}) \d+ (\d+)/.exec(one) ?? [];
    if (commit !== undefined) line = UNCOMMITTED.test(commit) ? null : Number(final);
    else if (one.startsWith('author ')) name = one.slice('author '.length);
    else if (one.startsWith('author-mail ') && line !== null)
      authors.set(line, [name, one.slice('author-mail '.length).replace(/^<|>$/g, '')]);
  }
  return authors;
}
