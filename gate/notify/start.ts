/** Starts the process that tells people of a run. It is let go at once: whatever becomes of it, the run goes its way. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Plan } from '../../checks/contract/plan.ts';
import { findDist } from '../../fixtures/rehearsal-client/start.ts';

export function startNotifier(run: { readonly runDir: string; readonly root: string; readonly plan: Plan }): void {
  const { environment } = run.plan;
  // Whoever decides in an emergency is told of it whatever else is told to whom.
  const hasDecider = environment.incident?.tree?.branches.some(({ contact }) => contact !== undefined) === true;
  if ((environment.notify ?? []).length === 0 && !hasDecider) return;
  const args = [join(findDist(), 'notifier.js'), '--run', run.runDir, '--root', run.root];
  const child = spawn(process.execPath, args, { cwd: run.root, detached: true, stdio: 'ignore' });
  child.once('error', () => undefined);
  child.unref();
}
