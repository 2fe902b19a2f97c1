/** A Canary of Flagger (flagger.app/v1beta1). Pure. Its target is a template that rests at 0 replicas: `<target>-primary` serves users. */
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { at, listAt, numberAt, textAt } from '../../contract/json.ts';
import type { NotTold, Progress, Stage } from './progress.ts';

export const CANARIES: ResourceType = { apiVersion: 'flagger.app/v1beta1', kind: 'Canary', resource: 'canaries' };

const STAGES: Readonly<Record<string, Stage>> = {
  Initializing: 'under-way',
  Initialized: 'promoted',
  Waiting: 'held',
  Progressing: 'under-way',
  WaitingPromotion: 'held',
  Promoting: 'under-way',
  Finalising: 'under-way',
  Succeeded: 'promoted',
  Failed: 'taken-back',
};

/** Name of the Deployment that serves users. */
export const primaryOf = (canary: KubeObject): string => `${textAt(canary, '', 'spec', 'targetRef', 'name')}-primary`;

/** Whether its target is this object, of its own namespace. */
export const targets = (
  canary: KubeObject,
  { kind, metadata }: Pick<KubeObject, 'metadata'> & { readonly kind?: string },
): boolean =>
  textAt(canary, '', 'spec', 'targetRef', 'kind') === (kind ?? 'Deployment') &&
  textAt(canary, '', 'spec', 'targetRef', 'name') === metadata.name;

export function canaryProgress(canary: KubeObject): Progress | NotTold {
  const phase = textAt(canary, '', 'status', 'phase');
  const stage = STAGES[phase];
  if (stage === undefined)
    return { why: phase === '' ? 'its status has no phase' : `its phase ${phase} says of no release` };
  const [applied, promoted] = [
    textAt(canary, '', 'status', 'lastAppliedSpec'),
    textAt(canary, '', 'status', 'lastPromotedSpec'),
  ];
  // Nothing in the status tells of which generation it is.
  if (phase === 'Succeeded' && (applied === '' || applied !== promoted))
    return {
      why: `phase Succeeded is of the release before: ${applied || 'nothing'} was applied, ${promoted || 'nothing'} promoted`,
    };
  const isSuspended = at(canary, 'spec', 'suspend') === true && stage === 'under-way';
  const failed = numberAt(canary, 'status', 'failedChecks');
  return {
    stage: isSuspended ? 'held' : stage,
    how: [
      `phase ${phase}`,
      ...(isSuspended ? ['suspended'] : []),
      ...(failed > 0 ? [`${failed} failed checks`] : []),
    ].join(', '),
    share: shareOf(canary, phase, stage),
  };
}

/** At rest the weight is 0 after a success as after a failure: the phase tells which. */
function shareOf(canary: KubeObject, phase: string, stage: Stage): Progress['share'] {
  if (stage === 'promoted') return { value: 1, by: `phase ${phase}: ${primaryOf(canary)} has the newest release` };
  if (stage === 'taken-back') return { value: 0, by: `phase ${phase}` };
  // By header or cookie, or mirrored: no weight says whom it meets.
  const analysis = at(canary, 'spec', 'analysis') ?? at(canary, 'spec', 'canaryAnalysis');
  if (numberAt(analysis, 'iterations') > 0 || listAt(analysis, 'match').length > 0) return null;
  // The primary itself gets the newest release now.
  if (phase === 'Promoting' || phase === 'Finalising') return null;
  const weight = numberAt(canary, 'status', 'canaryWeight');
  return Number.isFinite(weight) ? { value: weight / 100, by: 'canaryWeight' } : null;
}
