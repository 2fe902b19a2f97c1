/**
 * `golive rollback --abandoned`, for a watch that runs by itself: takes a cutover of this ledger back whose process has vanished. Journals
 * tell which run; only the Lease tells, from another machine, whether its process still lives: it is that run's own, and is renewed or not.
 */
import { join, resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { KubeObject } from '../checks/contract/cluster.ts';
import { textAt } from '../checks/contract/json.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { realClock } from '../cutover/clock.ts';
import { LEASES } from '../cutover/lease.ts';
import { watchHolding, type Holding } from '../cutover/lease-watch.ts';
import { readObject } from '../cutover/persistence.ts';
import { standingCutover, type StandingCutover } from '../cutover/unfinished.ts';
import { DEFAULT_DIR, isUsable, standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import { loadPlan } from '../specs/loader/plan-file.ts';
import { withCluster } from './doctor/cluster.ts';
import { rollback } from './rollback.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const READ_LIMIT_MS = 10_000;

/** 0 nothing to take back, or it is back; 1 back and something does not conform; 2 it cannot be told; 70 not back. */
export async function rollbackAbandoned(): Promise<number> {
  const root = projectRoot();
  const standing = standingCutover(root);
  if (!standing || standing.is === 'over') {
    writeOut('No cutover of this ledger is unfinished.');
    return EXIT.GO;
  }
  if (standing.is === 'under-way') {
    writeOut(`The cutover of run ${standing.run} is under way on this machine.`);
    return EXIT.GO;
  }
  try {
    const plan = loadPlan(standing.runDir);
    if (plan.environment.rehearsal && !isUsable(standingOf(join(root, DEFAULT_DIR)))) return await rollback({});
    return await decided(standing, await holdingOf(standing, plan, root));
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    writeError(`Whether the cutover of run ${standing.run} still has its process cannot be told: ${error.message}`);
    writeError(
      `Fix: ${(error instanceof ObservationError ? error.fix : undefined) ?? 'look at it, and run golive rollback'}`,
    );
    return EXIT.HOLD;
  }
}

async function decided({ run, begun }: StandingCutover, holding: Holding): Promise<number> {
  if (holding === 'renewed') {
    writeOut(`The cutover of run ${run} is under way: ${begun.id} renews its Lease.`);
    return EXIT.GO;
  }
  if (typeof holding === 'object') {
    writeError(
      `The cutover of run ${run} is unfinished, and its Lease is held by ${JSON.stringify(holding.heldBy)}, another cutover: nothing is moved.\nFix: when that one has ended, run golive rollback --run ${run}`,
    );
    return EXIT.HOLD;
  }
  const why =
    holding === 'expired' ? `${begun.id} renews its Lease no more` : 'its Lease was given back before its end';
  writeOut(`The cutover of run ${run} is abandoned: ${why}.`);
  return await rollback({ run });
}

/** Asks the cluster of the run's own plan. */
async function holdingOf({ begun }: StandingCutover, plan: Plan, root: string): Promise<Holding> {
  const { kubeconfig } = plan.environment;
  const weights = plan.items.find(({ kind }) => kind === 'cutover/weights');
  const name = textAt(weights?.params, 'golive-cutover', 'lease');
  return await withCluster({ ...kubeconfig, path: resolve(root, kubeconfig.path) }, (link) => {
    const read = (): Promise<KubeObject | null> =>
      readObject(link, LEASES, begun.route.namespace, name, AbortSignal.timeout(READ_LIMIT_MS));
    return watchHolding({ holder: begun.id, read, clock: realClock });
  });
}
