/**
 * Debian's Alertmanager reads its default template from /usr/share, a path compiled into it. Where it was unpacked and not installed
 * (`npm run setup`), that file is elsewhere: a copy of the program is made whose path is relative, and it runs in the unpacked root.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';

const ASSETS = '/usr/share/prometheus/alertmanager';
/** As long as the original, or the program would be damaged. */
const RELATIVE_ASSETS = `${ASSETS.slice(1)}/`;
const RELOCATED = 'prometheus-alertmanager-relocated';

export interface AlertmanagerProgram {
  readonly program: string;
  readonly cwd?: string;
}

/** Which program to start, and where. What is not there at all is reported by whoever starts it. */
export function alertmanagerProgram(): AlertmanagerProgram {
  const debian = 'prometheus-alertmanager';
  const found = findTool(debian);
  // Homebrew and the project's own releases carry their assets in the program.
  if (found === undefined) return { program: findTool('alertmanager') === undefined ? debian : 'alertmanager' };
  const root = join(dirname(found), '..', 'root');
  const unpacked = join(root, 'usr', 'bin', debian);
  if (existsSync(join(ASSETS, 'default.tmpl')) || !existsSync(join(root, ASSETS, 'default.tmpl')))
    return { program: debian };
  relocate(unpacked, join(dirname(found), RELOCATED));
  return { program: RELOCATED, cwd: root };
}

/** Copies a program with the compiled-in path made relative. Done once: a copy that is there stays. */
function relocate(from: string, to: string): void {
  if (existsSync(to)) return;
  const bytes = readFileSync(from);
  const at = bytes.indexOf(ASSETS);
  if (at < 0) throw new Error(`${from} does not name ${ASSETS}; install Debian's package instead`);
  bytes.write(RELATIVE_ASSETS, at, 'latin1');
  // Two starts at once each write their own copy; the last one stays, and both are whole.
  const partial = `${to}.${process.pid}`;
  writeFileSync(partial, bytes, { mode: 0o755 });
  renameSync(partial, to);
}
