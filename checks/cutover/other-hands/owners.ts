/** Who else writes the objects of a cutover: Argo CD, Flux, Flagger and Argo Rollouts, by what they publish of themselves. Pure. */
import type { KubeObject, ResourceType } from '../../contract/cluster.ts';
import { at, listAt, textAt } from '../../contract/json.ts';
import { ROLLOUTS } from '../../protocols/progressive-delivery/argo-rollouts.ts';
import { CANARIES } from '../../protocols/progressive-delivery/flagger.ts';

const type = (apiVersion: string, kind: string, resource: string): ResourceType => ({ apiVersion, kind, resource });
export const APPLICATIONS = type('argoproj.io/v1alpha1', 'Application', 'applications');
export const KUSTOMIZATIONS = type('kustomize.toolkit.fluxcd.io/v1', 'Kustomization', 'kustomizations');
export const HELM_RELEASES = type('helm.toolkit.fluxcd.io/v2', 'HelmRelease', 'helmreleases');
export const WRITERS: readonly ResourceType[] = [APPLICATIONS, KUSTOMIZATIONS, HELM_RELEASES, CANARIES, ROLLOUTS];

const KUSTOMIZE = 'kustomize.toolkit.fluxcd.io';
const HELM = 'helm.toolkit.fluxcd.io';

/** `heals`: within seconds or minutes; `overwrites`: at the next commit or upgrade; `moves`: the weights are its own; `rests`: not now. */
export interface Hand {
  readonly does: 'heals' | 'overwrites' | 'moves' | 'rests';
  readonly who: string;
  readonly how: string;
}
/** Says who owns the object and is not found here: whether that one sets it back nobody knows. */
export interface Unknown {
  readonly does: 'unknown';
  readonly who: string;
}

/** Everybody who owns, or says to own, this object. `writers` are all objects of the kinds of WRITERS. */
export function handsOn(object: KubeObject, writers: readonly KubeObject[]): readonly (Hand | Unknown)[] {
  return [
    ...argoHands(
      object,
      writers.filter(({ kind }) => kind === APPLICATIONS.kind),
    ),
    ...fluxHands(object, writers),
    ...movers(object, writers),
  ];
}

const named = ({ kind, metadata }: KubeObject): string => `${kind} ${metadata.namespace ?? ''}/${metadata.name}`;
/** Of an object as a server answers it, which may lack anything. */
const groupOf = (object: KubeObject): string => /^[^/]+(?=\/)/.exec(textAt(object, '', 'apiVersion'))?.[0] ?? '';

function argoHands(object: KubeObject, applications: readonly KubeObject[]): readonly (Hand | Unknown)[] {
  const { name, namespace = '' } = object.metadata;
  // `app:group/Kind:namespace/name`; of an Application outside of Argo CD's namespace `namespace_app`.
  const [tracked = ''] = textAt(object, '', 'metadata', 'annotations', 'argocd.argoproj.io/tracking-id').split(':');
  const lists = (application: KubeObject): boolean =>
    listAt(application, 'status', 'resources').some(
      (one) =>
        textAt(one, '', 'group') === groupOf(object) &&
        textAt(one, '', 'kind') === object.kind &&
        textAt(one, '', 'name') === name &&
        textAt(one, '', 'namespace') === namespace,
    );
  const isTracked = ({ metadata }: KubeObject): boolean =>
    tracked !== '' && [metadata.name, `${metadata.namespace ?? ''}_${metadata.name}`].includes(tracked);
  const owners = applications.filter((one) => isTracked(one) || lists(one));
  if (owners.length === 0) return tracked === '' ? [] : [{ does: 'unknown', who: `Application ${tracked}` }];
  return owners.map((owner) => argoHand(owner, object));
}

function argoHand(application: KubeObject, object: KubeObject): Hand {
  const who = named(application);
  const automated = at(application, 'spec', 'syncPolicy', 'automated');
  const isFrozen = application.metadata.annotations?.['argocd.argoproj.io/skip-reconcile'] === 'true';
  if (isFrozen) return { does: 'rests', who, how: 'skip-reconcile is true' };
  if (textAt(application, '', 'status', 'operationState', 'phase') === 'Running')
    return { does: 'heals', who, how: 'it synchronises right now' };
  // Absent and null: it is on.
  if (automated === undefined || automated === null || at(automated, 'enabled') === false)
    return { does: 'rests', who, how: 'it synchronises when somebody asks for it' };
  if (leavesAlone(application, object)) return { does: 'rests', who, how: 'it ignores these fields, at a sync, too' };
  return at(automated, 'selfHeal') === true
    ? { does: 'heals', who, how: 'selfHeal is on: after about 5 s' }
    : { does: 'overwrites', who, how: 'automated sync is on: at the next commit' };
}

/** Ignored in a comparison alone the fields are written at the next sync all the same. */
function leavesAlone(application: KubeObject, object: KubeObject): boolean {
  const options = listAt(application, 'spec', 'syncPolicy', 'syncOptions').map(String);
  if (!options.includes('RespectIgnoreDifferences=true')) return false;
  return listAt(application, 'spec', 'ignoreDifferences').some((one) => {
    const fits = (field: 'group' | 'kind' | 'name' | 'namespace', value: string): boolean =>
      ['', '*', value].includes(textAt(one, '', field));
    const isMeant =
      fits('group', groupOf(object)) &&
      textAt(one, '', 'kind') === object.kind &&
      fits('name', object.metadata.name) &&
      fits('namespace', object.metadata.namespace ?? '');
    if (!isMeant) return false;
    const paths = [...listAt(one, 'jqPathExpressions'), ...listAt(one, 'jsonPointers')].map(String);
    const managers = listAt(one, 'managedFieldsManagers').map(String);
    return managers.includes('golive') || paths.some((path) => WEIGHT_PATHS.test(path));
  });
}
/** Where the weights of a route stand, by jq or by JSON pointer. */
const WEIGHT_PATHS = /weight|^\/spec\/(rules|http)$|^\.spec\.(rules|http)$/;

function fluxHands(object: KubeObject, writers: readonly KubeObject[]): readonly (Hand | Unknown)[] {
  const [labels, annotations] = [object.metadata.labels ?? {}, object.metadata.annotations ?? {}];
  return [
    { group: KUSTOMIZE, kind: KUSTOMIZATIONS.kind },
    { group: HELM, kind: HELM_RELEASES.kind },
  ].flatMap(({ group, kind }): readonly (Hand | Unknown)[] => {
    const [name, namespace] = [labels[`${group}/name`], labels[`${group}/namespace`]];
    if (name === undefined) return [];
    const who = `${kind} ${namespace ?? ''}/${name}`;
    const owner = writers.find(
      (one) => one.kind === kind && one.metadata.name === name && one.metadata.namespace === namespace,
    );
    if (!owner) return [{ does: 'unknown', who }];
    if (at(owner, 'spec', 'suspend') === true) return [{ does: 'rests', who, how: 'it is suspended' }];
    if (group === KUSTOMIZE) {
      if (annotations[`${KUSTOMIZE}/reconcile`] === 'disabled')
        return [{ does: 'rests', who, how: 'the object is excepted (reconcile: disabled)' }];
      return [{ does: 'heals', who, how: `it reverts drift every ${textAt(owner, 'interval', 'spec', 'interval')}` }];
    }
    return textAt(owner, 'disabled', 'spec', 'driftDetection', 'mode') === 'enabled'
      ? [{ does: 'heals', who, how: `it corrects drift every ${textAt(owner, 'interval', 'spec', 'interval')}` }]
      : [{ does: 'overwrites', who, how: 'at its next upgrade' }];
  });
}

/** Flagger and Argo Rollouts move weights themselves, of what they name and of what they made. */
function movers(object: KubeObject, writers: readonly KubeObject[]): readonly Hand[] {
  const { name, namespace, ownerReferences = [] } = object.metadata;
  const isBy = (writer: KubeObject): boolean =>
    ownerReferences.some(
      (owner) =>
        owner.kind === writer.kind && owner.name === writer.metadata.name && writer.metadata.namespace === namespace,
    );
  const inNamespace = (kind: string): readonly KubeObject[] =>
    writers.filter((one) => one.kind === kind && one.metadata.namespace === namespace);
  const canaries = inNamespace(CANARIES.kind)
    .filter((one) => isBy(one) || (isOf(at(one, 'spec', 'targetRef'), object) && at(one, 'spec', 'suspend') !== true))
    .map((one): Hand =>
      at(one, 'spec', 'suspend') === true
        ? { does: 'rests', who: named(one), how: 'it is suspended' }
        : { does: 'moves', who: named(one), how: `phase ${textAt(one, 'unknown', 'status', 'phase')}` },
    );
  const rollouts = inNamespace(ROLLOUTS.kind)
    .filter(
      (one) => isBy(one) || isOf(at(one, 'spec', 'workloadRef'), object) || namesIn(at(one, 'spec', 'strategy'), name),
    )
    .map((one): Hand => ({
      does: 'moves',
      who: named(one),
      how: `phase ${textAt(one, 'unknown', 'status', 'phase')}`,
    }));
  return [...canaries, ...rollouts];
}

const isOf = (ref: unknown, { kind, metadata }: KubeObject): boolean =>
  textAt(ref, '', 'kind') === kind && textAt(ref, '', 'name') === metadata.name;

/** Whether the routing of traffic names an object: `httpRoute`, `virtualService.name`, `stableIngress`, whatever the plugin calls it. */
function namesIn(strategy: unknown, name: string): boolean {
  const routing = [at(strategy, 'canary', 'trafficRouting'), at(strategy, 'blueGreen', 'trafficRouting')];
  const walk = (value: unknown): boolean =>
    value === name || (typeof value === 'object' && value !== null && Object.values(value).some(walk));
  return routing.some(walk);
}
