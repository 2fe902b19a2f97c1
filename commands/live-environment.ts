/** An environment as it can be spoken to now: the rehearsal's ports are known only while it runs. */
import { join } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { Environment } from '../checks/contract/environment.ts';
import { resolveRehearsal } from '../fixtures/capabilities/host.ts';
import { DEFAULT_DIR, standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import { waitForRehearsal } from '../fixtures/rehearsal-client/start.ts';

const REHEARSAL_LIMIT_MS = 20_000;

/** Throws ObservationError where the environment is the rehearsal and none runs; one that starts is waited for. */
export async function liveEnvironment(
  root: string,
  environment: Environment,
  signal: AbortSignal = new AbortController().signal,
): Promise<Environment> {
  if (!environment.rehearsal) return environment;
  const dir = join(root, DEFAULT_DIR);
  const { is } = standingOf(dir);
  if (is === 'none' || is === 'ended')
    throw new ObservationError('unreachable', `no rehearsal runs in ${dir}`, { fix: 'Start one with golive up' });
  const values = await waitForRehearsal({ dir, signal, timeoutMs: REHEARSAL_LIMIT_MS });
  return resolveRehearsal(environment, values);
}
