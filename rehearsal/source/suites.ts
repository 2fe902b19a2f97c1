/** Runs the tests of the sources as a pipeline would, and keeps what they report in a folder named like the commit. */
import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setPriority } from 'node:os';
import { join } from 'node:path';
import { exitOf, openLog } from '../child-process.ts';
import type { PlatformContext } from '../platform-types.ts';

/** Each runs `tests/<suite>.mjs`. One writes JUnit XML, the others CTRF: platforms have both. */
export const SUITES = {
  unit: 'unit.xml',
  integration: 'integration.json',
  security: 'security.json',
  performance: 'performance.json',
} as const;
export type Suite = keyof typeof SUITES;

/** Behind everything that the start waits for. */
const PRIORITY = 10;

/** Runs a suite on the sources in `folder`. Tests that fail are a result, too: what is wrong is told by the report alone. */
export async function runSuite(
  context: PlatformContext,
  suite: Suite,
  { folder, results, commit }: { readonly folder: string; readonly results: string; readonly commit: string },
): Promise<void> {
  const report = join(results, SUITES[suite]);
  const reporter = report.endsWith('.xml') ? 'junit' : join(folder, 'tests/ctrf-reporter.mjs');
  const log = openLog(context.dir, 'source');
  const child = spawn(
    process.execPath,
    [`--test-reporter=${reporter}`, `--test-reporter-destination=${report}`, join(folder, `tests/${suite}.mjs`)],
    {
      detached: true,
      cwd: context.temporary,
      stdio: ['ignore', log, log],
      env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', GIT_COMMIT: commit },
    },
  );
  closeSync(log);
  context.reaper.hold(child);
  if (child.pid !== undefined) inBackground(child.pid);
  await exitOf(child);
}

function inBackground(pid: number): void {
  try {
    setPriority(pid, PRIORITY);
  } catch {
    // Over already, or a system that does not allow it: then it has its turn beside the others.
  }
}
