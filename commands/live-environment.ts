/** An environment as it can be spoken to now: the rehearsal's ports are known only while it runs. */
import { join } from 'node:path';
import type { Environment } from '../checks/contract/environment.ts';
import { resolveRehearsal } from '../fixtures/capabilities/host.ts';
import { DEFAULT_DIR } from '../fixtures/rehearsal-client/state-file.ts';
import { waitForRehearsal } from '../fixtures/rehearsal-client/start.ts';

const REHEARSAL_LIMIT_MS = 20_000;

/** Throws ObservationError where the environment is the rehearsal and none runs. */
export async function liveEnvironment(root: string, environment: Environment): Promise<Environment> {
  if (!environment.rehearsal) return environment;
  const signal = new AbortController().signal;
  const values = await waitForRehearsal({ dir: join(root, DEFAULT_DIR), signal, timeoutMs: REHEARSAL_LIMIT_MS });
  return resolveRehearsal(environment, values);
}
