/**
 * Starts the rehearsal, where it is the environment, without waiting for it: items that need no platform run meanwhile, the
 * others wait for its state file. Playwright calls the returned function when the run is over; should this process be
 * killed instead, the rehearsal ends with its end of the pipe.
 */
import { join } from 'node:path';
import { startRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { plannedRun, WORKER_ENV } from '../fixtures/worker-env.ts';
import { gateMain } from './gate-main.ts';

export default function globalSetup(): () => Promise<void> {
  const root = process.env[WORKER_ENV.root];
  if (!root) throw new Error('Run golive by its own playwright.config.ts.');
  process.env[WORKER_ENV.setUp] = '1';
  const rehearsal = plannedRun().environment.rehearsal
    ? startRehearsal({ dir: join(root, '.golive', 'rehearsal'), kept: false })
    : undefined;
  return async () => {
    await (await gateMain()).endCutover();
    await rehearsal?.stop();
  };
}
