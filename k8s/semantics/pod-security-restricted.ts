/** The controls the restricted level adds, sorted by id as in pod-security-baseline.ts. */
import { addedCapabilities, describeAdded, procMount, unmaskedProc } from './pod-security-baseline.ts';
import type { Control, Finding, PodView } from './pod-security-control.ts';
import {
  asText,
  containersPhrase,
  isExcused,
  isSet,
  joinQuote,
  plural,
  setters,
  settingsOf,
  sorted,
} from './pod-security-control.ts';
import { describeSeccomp } from './pod-security-profiles.ts';
import { shape, shapes, text, texts } from './shape.ts';

const allowPrivilegeEscalation: Control = {
  id: 'allowPrivilegeEscalation',
  since: 8,
  find: (pod, minor) =>
    isExcused(pod, minor)
      ? []
      : pod.containers.flatMap(({ name, path, securityContext: { allowPrivilegeEscalation: value } }) =>
          value === false
            ? []
            : {
                container: name,
                path: `${path}.securityContext.allowPrivilegeEscalation`,
                actual: value ?? null,
                expected: 'false',
              },
        ),
  describe: (findings) => ({
    reason: 'allowPrivilegeEscalation != false',
    detail: `${containersPhrase(findings)} must set securityContext.allowPrivilegeEscalation=false`,
  }),
};

/** Containers that keep capabilities: `drop` must hold `ALL`, in capitals. */
export function keptCapabilities(pod: PodView): readonly Finding[] {
  return pod.containers.flatMap(({ name, path, securityContext }) => {
    const drop = shape(securityContext['capabilities'])['drop'];
    if (texts(drop).includes('ALL')) return [];
    const place = `${path}.securityContext.capabilities.drop`;
    return { container: name, path: place, actual: drop ?? null, expected: '["ALL"]' };
  });
}

const isAdded = ({ path }: Finding): boolean => path.includes('.capabilities.add[');

/** Both halves of the control; keptCapabilities is one of them. */
export const capabilitiesRestricted: Control = {
  id: 'capabilities_restricted',
  since: 22,
  overrides: 'capabilities_baseline',
  find: (pod, minor) =>
    isExcused(pod, minor) ? [] : [...keptCapabilities(pod), ...addedCapabilities(pod, ['NET_BIND_SERVICE'])],
  describe: (findings) => {
    const added = findings.filter(isAdded);
    const kept = findings.filter((finding) => !isAdded(finding));
    const details = [
      ...(kept.length > 0 ? [`${containersPhrase(kept)} must set securityContext.capabilities.drop=["ALL"]`] : []),
      ...(added.length > 0 ? [describeAdded(added)] : []),
    ];
    return { reason: 'unrestricted capabilities', detail: details.join('; ') };
  },
};

const procMountRestricted: Control = {
  ...procMount,
  id: 'procMount_restricted',
  since: 35,
  overrides: 'procMount',
  find: unmaskedProc,
};

const allowedVolumes =
  'configMap csi downwardAPI emptyDir ephemeral image persistentVolumeClaim projected secret'.split(' ');
const knownVolumes = (
  'hostPath gcePersistentDisk awsElasticBlockStore gitRepo nfs iscsi glusterfs rbd flexVolume cinder cephfs flocker fc ' +
  'azureFile vsphereVolume quobyte azureDisk photonPersistentDisk portworxVolume scaleIO storageos'
).split(' ');

const restrictedVolumes: Control = {
  id: 'restrictedVolumes',
  overrides: 'hostPathVolumes',
  find: ({ spec, specPath }) =>
    shapes(spec['volumes']).flatMap((volume, index) => {
      // The API server makes one without a source an emptyDir; a source that nobody knows yet is none.
      const isBare = Object.keys(volume).every((field) => field === 'name' || !isSet(volume[field]));
      if (isBare || allowedVolumes.some((type) => isSet(volume[type]))) return [];
      const type = knownVolumes.find((known) => isSet(volume[known])) ?? 'unknown';
      const expected = `one of ${allowedVolumes.join(', ')}`;
      return { path: `${specPath}.volumes[${String(index)}].${type}`, actual: text(volume['name']) ?? '', expected };
    }),
  describe: (findings) => {
    const names = findings.map(({ actual }) => asText(actual));
    const types = sorted(findings.map(({ path }) => path.slice(path.lastIndexOf('.') + 1)));
    const who = `${plural(names.length, 'volume')} ${joinQuote(names)} ${plural(names.length, 'uses', 'use')}`;
    const detail = `${who} ${plural(types.length, 'restricted volume type')} ${joinQuote(types)}`;
    return { reason: 'restricted volume types', detail };
  },
};

/**
 * The settings that a container may inherit from its pod: those set wrongly, and containers without one of their own below a
 * pod that does not have the right one either.
 */
function requiredSetting(pod: PodView, field: string, accepted: (value: unknown) => boolean): readonly Finding[] {
  const [ofPod, ...ofContainers] = settingsOf(pod, field);
  const isInherited = ofPod?.set === true && accepted(ofPod.actual);
  return [
    ...(ofPod?.set === true && !isInherited ? [ofPod] : []),
    ...ofContainers.filter(({ set, actual }) => (set ? !accepted(actual) : !isInherited)),
  ];
}

const isMissing = ({ actual }: Finding): boolean => actual === null;

/** Says what was set wrongly where something was, else what is missing. */
function describeRequired(
  findings: readonly Finding[],
  wrong: (findings: readonly Finding[]) => string,
  missing: string,
): string {
  const explicit = findings.filter((finding) => !isMissing(finding));
  return explicit.length > 0 ? wrong(explicit) : `pod or ${containersPhrase(findings)} must set ${missing}`;
}

/** Whoever does not say so may run as root: the user an image names is not known here. */
export function mayRunAsRoot(pod: PodView): readonly Finding[] {
  return requiredSetting(pod, 'runAsNonRoot', (value) => value === true).map(({ container, path, actual }) => ({
    ...(container === undefined ? {} : { container }),
    path,
    actual,
    expected: 'true',
  }));
}

/** Both relax for a pod with a user namespace of its own from policy version 1.35 on. */
const isRelaxed = (pod: PodView, minor: number): boolean => minor >= 35 && pod.hasUserNamespace;

/** See mayRunAsRoot. */
export const runAsNonRootControl: Control = {
  id: 'runAsNonRoot',
  find: (pod, minor) => (isRelaxed(pod, minor) ? [] : mayRunAsRoot(pod)),
  describe: (findings) => ({
    reason: 'runAsNonRoot != true',
    detail: describeRequired(
      findings,
      (wrong) => `${setters(wrong)} must not set securityContext.runAsNonRoot=false`,
      'securityContext.runAsNonRoot=true',
    ),
  }),
};

/** Users that are root, or no user at all (a negative number, a text). */
export function rootUsers(pod: PodView): readonly Finding[] {
  return settingsOf(pod, 'runAsUser').flatMap(({ set, ...setting }) =>
    set && !(Number.isInteger(setting.actual) && Number(setting.actual) > 0)
      ? { ...setting, expected: 'a number above 0 or not set' }
      : [],
  );
}

/** See rootUsers. */
export const runAsUserControl: Control = {
  id: 'runAsUser',
  since: 23,
  find: (pod, minor) => (isRelaxed(pod, minor) ? [] : rootUsers(pod)),
  describe: (findings) => ({ reason: 'runAsUser=0', detail: `${setters(findings)} must not set runAsUser=0` }),
};

const seccompRestricted: Control = {
  id: 'seccompProfile_restricted',
  since: 19,
  overrides: 'seccompProfile_baseline',
  find: (pod, minor) => {
    if (isExcused(pod, minor)) return [];
    const isAccepted = (value: unknown): boolean => ['RuntimeDefault', 'Localhost'].includes(typeOf(value));
    return requiredSetting(pod, 'seccompProfile', isAccepted).map(({ container, path, actual }) => ({
      ...(container === undefined ? {} : { container }),
      path: `${path}.type`,
      actual: actual === null ? null : typeOf(actual),
      expected: 'RuntimeDefault or Localhost',
    }));
  },
  describe: (findings) => ({
    reason: 'seccompProfile',
    detail: describeRequired(
      findings,
      describeSeccomp,
      'securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"',
    ),
  }),
};

function typeOf(profile: unknown): string {
  return text(shape(profile)['type']) ?? '';
}

/** All of them. */
export const restrictedControls: readonly Control[] = [
  allowPrivilegeEscalation,
  capabilitiesRestricted,
  procMountRestricted,
  restrictedVolumes,
  runAsNonRootControl,
  runAsUserControl,
  seccompRestricted,
];
