/** The baseline controls of kernel security profiles: AppArmor, SELinux and seccomp. */
import type { Control, Finding, PodView } from './pod-security-control.ts';
import {
  annotationText,
  asText,
  isSet,
  joinQuote,
  plural,
  setters,
  settingsOf,
  sorted,
} from './pod-security-control.ts';
import { isShape, shape, text } from './shape.ts';

const appArmorAnnotation = 'container.apparmor.security.beta.kubernetes.io/';
const isAnnotation = ({ path }: Finding): boolean => path.endsWith(']');

/** Annotations whose value is not one of those allowed. */
function badAnnotations(
  { annotations, annotationsPath }: PodView,
  isJudged: (key: string) => boolean,
  allowed: RegExp,
): readonly Finding[] {
  return Object.entries(annotations)
    .filter(([key, value]) => isJudged(key) && !allowed.test(text(value) ?? ''))
    .map(([key, actual]) => ({
      path: `${annotationsPath}[${key}]`,
      actual,
      expected: 'runtime/default, localhost/… or not set',
    }));
}

/** `key="value"` of each, sorted. */
const annotationTexts = (findings: readonly Finding[]): readonly string[] =>
  sorted(findings.map(({ path, actual }) => annotationText(path.slice(path.indexOf('[') + 1, -1), actual)));
const inLocalProfiles = (type: unknown): boolean => type === 'RuntimeDefault' || type === 'Localhost';

/** Settings of a profile (AppArmor, seccomp) whose type is not one of the two allowed. An object without a type counts as set. */
function badProfiles(pod: PodView, field: string): readonly Finding[] {
  return settingsOf(pod, field)
    .filter(({ set, actual }) => set && !inLocalProfiles(shape(actual)['type']))
    .map((setting) => ({
      ...(setting.container === undefined ? {} : { container: setting.container }),
      path: `${setting.path}.type`,
      actual: isShape(setting.actual) ? (setting.actual['type'] ?? null) : setting.actual,
      expected: 'RuntimeDefault, Localhost or not set',
    }));
}

/** AppArmor profiles, by the field and by the annotation that came before it. */
export const appArmorProfile: Control = {
  id: 'appArmorProfile',
  find: (pod) => [
    ...badProfiles(pod, 'appArmorProfile'),
    ...badAnnotations(pod, (key) => key.startsWith(appArmorAnnotation), /^(runtime\/default$|localhost\/|$)/),
  ],
  describe: (findings) => {
    const annotations = findings.filter(isAnnotation);
    const others = findings.filter((finding) => !isAnnotation(finding));
    const keys = annotationTexts(annotations);
    const values = [...sorted(others.map(({ actual }) => asText(actual))), ...keys];
    const who = [
      ...(others.length > 0 ? [setters(others)] : []),
      ...(keys.length > 0 ? [plural(keys.length, 'annotation')] : []),
    ].join(' and ');
    return {
      reason: `forbidden AppArmor ${plural(values.length, 'profile')}`,
      detail: `${who} must not set AppArmor profile type to ${joinQuote(values)}`,
    };
  },
};

const seLinuxTypes = ['', 'container_t', 'container_init_t', 'container_kvm_t'];

/** SELinux types other than those of containers, and any user or role. */
export const seLinuxOptions: Control = {
  id: 'seLinuxOptions',
  find: (pod, minor) => {
    const types = minor >= 31 ? [...seLinuxTypes, 'container_engine_t'] : seLinuxTypes;
    const accepted = { type: types, user: [''], role: [''] };
    return settingsOf(pod, 'seLinuxOptions').flatMap(({ container, path, actual }) =>
      Object.entries(accepted).flatMap(([field, values]) => {
        const value = shape(actual)[field];
        if (!isSet(value) || (typeof value === 'string' && values.includes(value))) return [];
        const expected = field === 'type' ? `${values.slice(1).join(', ')} or not set` : 'not set';
        return { ...(container === undefined ? {} : { container }), path: `${path}.${field}`, actual: value, expected };
      }),
    );
  },
  describe: (findings) => {
    const types = sorted(findings.flatMap(({ path, actual }) => (path.endsWith('.type') ? asText(actual) : [])));
    const others = ['user', 'role'].filter((field) => findings.some(({ path }) => path.endsWith(`.${field}`)));
    const bad = [
      ...(types.length > 0 ? [`${plural(types.length, 'type')} ${joinQuote(types)}`] : []),
      ...others.map((field) => `${field} may not be set`),
    ];
    const detail = `${setters(findings)} set forbidden securityContext.seLinuxOptions: ${bad.join('; ')}`;
    return { reason: 'seLinuxOptions', detail };
  },
};

/** Wording of seccomp profiles that are set to something forbidden. */
export function describeSeccomp(findings: readonly Finding[]): string {
  const values = joinQuote(sorted(findings.map(({ actual }) => asText(actual))));
  return `${setters(findings)} must not set securityContext.seccompProfile.type to ${values}`;
}

/** Until policy version 1.19 seccomp was asked for by annotations, of the pod and of each container. */
function badSeccompAnnotations(pod: PodView): readonly Finding[] {
  const keys = [
    'seccomp.security.alpha.kubernetes.io/pod',
    ...pod.containers.map(({ name }) => `container.seccomp.security.alpha.kubernetes.io/${name}`),
  ];
  return badAnnotations(pod, (key) => keys.includes(key), /^(runtime\/default$|docker\/default$|localhost\/)/);
}

/** The restricted level has one of its own, which requires a profile. */
export const seccompBaseline: Control = {
  id: 'seccompProfile_baseline',
  find: (pod, minor) => (minor < 19 ? badSeccompAnnotations(pod) : badProfiles(pod, 'seccompProfile')),
  describe: (findings) => {
    const annotations = annotationTexts(findings.filter(isAnnotation));
    const forbidden = `forbidden ${plural(annotations.length, 'annotation')} ${annotations.join(', ')}`;
    return { reason: 'seccompProfile', detail: annotations.length > 0 ? forbidden : describeSeccomp(findings) };
  },
};
