/**
 * The decision tree of an emergency: what each branch reads, and what is done. `golive incident` decides by it, and the item that dry-runs it
 * feeds the same function. One look decides, without a time that a breach must last; whatever is unclear takes traffic back.
 */
import type { HttpClient } from '../contract/http.ts';
import type { DecisionTree, TreeAction, TreeBranch } from '../contract/notify.ts';
import { heldAlerts } from '../protocols/alertmanager.ts';
import { query, valueText } from '../protocols/prometheus.ts';
import { sourceOf } from '../protocols/telemetry.ts';

/** What a branch saw at one look. */
export interface BranchReading {
  readonly branch: string;
  /** Null: nobody knows, and `why` says why. */
  readonly value: number | null;
  readonly why: string | null;
}
/** What the tree says. `branch` null: no branch was taken. */
export interface TreeDecision {
  readonly action: TreeAction;
  readonly branch: string | null;
  readonly why: string;
}

/** The further it goes, the earlier it stands. */
const BY_REACH: readonly TreeAction[] = ['rollback', 'stop', 'escalate'];

/**
 * Of several branches in breach the one that goes furthest. Nothing less than taking traffic back is done while a branch is unknown, or none
 * says why somebody has declared an incident.
 */
export function decideByTree(
  branches: readonly Pick<TreeBranch, 'name' | 'above' | 'action'>[],
  readings: readonly BranchReading[],
): TreeDecision {
  const known = branches.map((branch) => ({ branch, seen: readings.find((one) => one.branch === branch.name) }));
  const breached = known.filter(({ branch, seen }) => isKnown(seen?.value) && seen.value > branch.above);
  const unknown = known.find(({ seen }) => !isKnown(seen?.value));
  const [taken] = breached.sort((a, b) => BY_REACH.indexOf(a.branch.action) - BY_REACH.indexOf(b.branch.action));
  if (taken && (taken.branch.action === 'rollback' || !unknown)) {
    const { name, above, action } = taken.branch;
    return { action, branch: name, why: `${name} is ${valueText(taken.seen?.value ?? 0)}, above ${above}` };
  }
  if (unknown) {
    const { branch, seen } = unknown;
    return { action: 'rollback', branch: null, why: `${branch.name} is not known: ${seen?.why ?? 'nothing was read'}` };
  }
  return { action: 'rollback', branch: null, why: 'no branch of the decision tree says what is wrong' };
}

const isKnown = (value: number | null | undefined): value is number =>
  typeof value === 'number' && !Number.isNaN(value);

/** Looks at one branch. Throws ObservationError where its source does not answer. */
export async function readBranch(http: HttpClient, tree: DecisionTree, branch: TreeBranch): Promise<BranchReading> {
  const { name, query: promql, alerts } = branch;
  const none = (why: string): BranchReading => ({ branch: name, value: null, why });
  if (promql !== undefined) {
    if (!tree.prometheus) return none('the tree names no Prometheus');
    const samples = await query(http, sourceOf('Prometheus', tree.prometheus, tree.prometheusToken), promql);
    const [one] = samples;
    if (!one) return none('the query gives no series');
    if (samples.length > 1) return none(`the query gives ${samples.length} series, expected one number`);
    return Number.isNaN(one.value) ? none('the query gives NaN') : { branch: name, value: one.value, why: null };
  }
  if (!tree.alertmanager) return none('the tree names no Alertmanager');
  const held = await heldAlerts(http, sourceOf('Alertmanager', tree.alertmanager, tree.alertmanagerToken));
  const wanted = Object.entries(alerts ?? {});
  const value = held.filter((labels) => wanted.every(([label, text]) => labels[label] === text)).length;
  return { branch: name, value, why: null };
}
