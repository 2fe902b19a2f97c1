/** A Rollout of Argo Rollouts (argoproj.io/v1alpha1). Pure. Its status is a promise about pods unless something routes requests for it. */
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { at, isRecord, listAt, numberAt, textAt } from '../../contract/json.ts';
import type { NotTold, Progress, Stage } from './progress.ts';

export const ROLLOUTS: ResourceType = { apiVersion: 'argoproj.io/v1alpha1', kind: 'Rollout', resource: 'rollouts' };

export function rolloutProgress(rollout: KubeObject): Progress | NotTold {
  const { generation } = rollout.metadata;
  // A string, unlike that of Kubernetes' own kinds.
  const observed = textAt(rollout, '', 'status', 'observedGeneration');
  if (generation === undefined || observed !== String(generation))
    return {
      why: `its controller has looked at generation ${observed === '' ? 'none' : observed}, not yet at ${generation ?? 'this one'}`,
    };
  const phase = textAt(rollout, '', 'status', 'phase');
  if (phase === '') return { why: 'its status has no phase' };
  const said = textAt(rollout, '', 'status', 'message');
  return {
    stage: stageOf(rollout, phase),
    how: `phase ${phase}${said === '' ? '' : ` (${said})`}`,
    share: shareOf(rollout),
  };
}

function stageOf(rollout: KubeObject, phase: string): Stage {
  const isAborted =
    at(rollout, 'status', 'abort') === true || textAt(rollout, '', 'status', 'message').startsWith('RolloutAborted');
  if (isAborted || phase === 'Degraded') return 'taken-back';
  if (phase === 'Healthy' && isPromoted(rollout)) return 'promoted';
  const isHeld = at(rollout, 'spec', 'paused') === true || listAt(rollout, 'status', 'pauseConditions').length > 0;
  // Paused by its controller without a condition it is about to go on.
  return phase === 'Paused' && isHeld ? 'held' : 'under-way';
}

const podHash = (rollout: KubeObject): string => textAt(rollout, '', 'status', 'currentPodHash');
const isPromoted = (rollout: KubeObject): boolean =>
  podHash(rollout) !== '' && textAt(rollout, '', 'status', 'stableRS') === podHash(rollout);

function shareOf(rollout: KubeObject): Progress['share'] {
  if (isRecord(at(rollout, 'spec', 'strategy', 'blueGreen'))) {
    const active = textAt(rollout, '', 'status', 'blueGreen', 'activeSelector');
    if (active === '' || podHash(rollout) === '') return null;
    return { value: active === podHash(rollout) ? 1 : 0, by: 'its active Service' };
  }
  if (isPromoted(rollout)) return { value: 1, by: 'it is promoted' };
  return isRecord(at(rollout, 'spec', 'strategy', 'canary', 'trafficRouting')) ? routed(rollout) : byPods(rollout);
}

/** Of what experiments get (`additional`) nobody is on either release. */
function routed(rollout: KubeObject): Progress['share'] {
  const weights = at(rollout, 'status', 'canary', 'weights');
  const canary = numberAt(weights, 'canary', 'weight');
  const stable = numberAt(weights, 'stable', 'weight');
  const others = listAt(weights, 'additional').map((one) => numberAt(one, 'weight'));
  const all = [canary, stable, ...others].reduce((sum, one) => sum + one, 0);
  // The load balancer was asked, and does not have it so.
  if (!(all > 0) || at(weights, 'verified') === false) return null;
  return { value: canary / all, by: 'the weights of its traffic routing' };
}

/**
 * Without traffic routing a Service gives each available pod its part, whatever `setWeight` says: 10 % of three replicas is one pod of four.
 * Which pods are not available is not told: they are taken for old ones.
 */
function byPods(rollout: KubeObject): Progress['share'] {
  const available = numberAt(rollout, 'status', 'availableReplicas') || 0;
  const fresh = numberAt(rollout, 'status', 'updatedReplicas') || 0;
  if (available <= 0) return null;
  const by = `${fresh} new of ${available} available pods behind one Service, as nothing routes requests for it`;
  return { value: Math.min(1, fresh / available), by };
}
