/** The settings of a Deployment by name, and which of them differ between two releases. */
import { isDeepStrictEqual } from 'node:util';
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';

type Settings = ReadonlyMap<string, unknown>;

const MEMBERS = [
  'command',
  'args',
  'workingDir',
  'envFrom',
  'ports',
  'livenessProbe',
  'readinessProbe',
  'startupProbe',
  'lifecycle',
  'volumeMounts',
] as const;
const POD_MEMBERS = [
  'serviceAccountName',
  'terminationGracePeriodSeconds',
  'nodeSelector',
  'tolerations',
  'affinity',
] as const;

/** Everything that configures: not names, labels and images, which each release has of its own. */
export function settingsOf(object: KubeObject): Settings {
  const podSpec = at(object, 'spec', 'template', 'spec');
  const settings = new Map<string, unknown>();
  for (const member of POD_MEMBERS) settings.set(member, at(podSpec, member));
  for (const volume of listAt(podSpec, 'volumes')) settings.set(`volume ${textAt(volume, '', 'name')}`, volume);
  for (const { fields: container } of containersOf(podSpec)) {
    const of = ` of container ${textAt(container, '', 'name')}`;
    for (const one of listAt(container, 'env')) settings.set(`env ${textAt(one, '', 'name')}${of}`, one);
    for (const member of MEMBERS) settings.set(`${member}${of}`, at(container, member));
    for (const bound of ['requests', 'limits']) {
      const amounts = at(container, 'resources', bound);
      for (const [name, amount] of Object.entries(isRecord(amounts) ? amounts : {}))
        settings.set(`resources.${bound}.${name}${of}`, amount);
    }
  }
  return settings;
}

/** Names of the settings that differ, that came and that went. */
export function changedSettings(before: Settings, now: Settings): readonly string[] {
  return [...new Set([...before.keys(), ...now.keys()])]
    .filter((name) => !isDeepStrictEqual(before.get(name), now.get(name)))
    .sort();
}

const REVISION = 'deployment.kubernetes.io/revision';
const revisionOf = ({ metadata }: KubeObject): number => Number(metadata.annotations?.[REVISION] ?? Number.NaN);

/** The release before: the named Deployment, or the ReplicaSet of the last revision before the present one. */
export function releaseBefore(
  { name, before }: { readonly name: string; readonly before?: string | undefined },
  deployments: readonly KubeObject[],
  replicaSets: readonly KubeObject[],
): KubeObject | undefined {
  if (before !== undefined) return deployments.find(({ metadata }) => metadata.name === before);
  const deployment = deployments.find(({ metadata }) => metadata.name === name);
  if (!deployment) return undefined;
  const revision = revisionOf(deployment);
  const own = replicaSets.filter(({ metadata }) =>
    metadata.ownerReferences?.some(({ uid }) => uid === deployment.metadata.uid),
  );
  // A restart makes a revision, too: the release before ran other images.
  const others = own.filter((one) => revisionOf(one) < revision && imagesOf(one) !== imagesOf(deployment));
  return others.sort((a, b) => revisionOf(b) - revisionOf(a))[0];
}

const imagesOf = (object: KubeObject): string =>
  JSON.stringify(containersOf(at(object, 'spec', 'template', 'spec')).map(({ fields }) => textAt(fields, '', 'image')));
