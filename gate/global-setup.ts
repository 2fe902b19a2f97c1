/**
 * Starts the rehearsal, where it is the environment, without waiting for it: items that need no platform run meanwhile, the
 * others wait for its state file. Playwright calls the returned function when the run is over; should this process be
 * killed instead, the rehearsal ends with its end of the pipe.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../checks/contract/plan.ts';
import { startRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { WORKER_ENV } from '../fixtures/worker-env.ts';
import { gateMain } from './gate-main.ts';

export default function globalSetup(): () => Promise<void> {
  const root = process.env[WORKER_ENV.root];
  const planFile = process.env[WORKER_ENV.plan];
  if (!root || !planFile) throw new Error('Run golive by its own playwright.config.ts.');
  const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
  const rehearsal = plan.environment.rehearsal
    ? startRehearsal({ dir: join(root, '.golive', 'rehearsal'), kept: false })
    : undefined;
  return async () => {
    await (await gateMain()).endCutover();
    await rehearsal?.stop();
  };
}
