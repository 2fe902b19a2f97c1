/**
 * What golive remembers of a user's machine outside the project, after the XDG rules: what the project's `.golive` says is held against it,
 * so that it must not lie in there. All of it may be missing: then less can be told, and more is read.
 */
import { homedir } from 'node:os';
import { join } from 'node:path';

export function userState(...parts: readonly string[]): string {
  const base = process.env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state');
  return join(base, 'golive', ...parts);
}
