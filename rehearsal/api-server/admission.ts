/**
 * Pod Security admission, as the plugin of the API server: Pods that break the level their namespace enforces are refused, what
 * makes Pods is only warned about. Exempt is kube-system, where webernetes runs its own controllers as Pods.
 */
import {
  parsePodSecurityLevel,
  parsePodSecurityVersion,
  podSecurity,
  type PodSecurityLevel,
} from '../../k8s/semantics/pod-security.ts';
import { podTemplateOf } from '../../k8s/semantics/pod-template.ts';
import { NAMESPACE, POD, type Kind } from './kinds.ts';
import { generatedName } from './names.ts';
import { canonical, record, records, type ApiObject } from './object.ts';
import { ApiError, detailsOf, type FieldProblem } from './status.ts';
import type { Cluster, Etcd, Store } from './webernetes.ts';
import type { Where } from './where.ts';

/** What admission reads of the storage. */
interface Stored {
  get(kind: Kind, namespace: string, name: string): Promise<ApiObject | undefined>;
  list(kind: Kind, namespace: string): Promise<{ readonly items: readonly ApiObject[] }>;
}

const PREFIX = 'pod-security.kubernetes.io/';
const MODES = ['enforce', 'audit', 'warn'] as const;
const LEVELS: readonly PodSecurityLevel[] = ['privileged', 'baseline', 'restricted'];
const EXEMPT = 'kube-system';
/** Annotations that choose a kernel profile, as fields do in newer Pods. */
const PROFILE_ANNOTATION = /^(?:container\.(?:seccomp|apparmor)\.security\.(?:alpha|beta)|seccomp\.security\.alpha)\./;

interface Policy {
  readonly level: PodSecurityLevel;
  /** `latest` or `v1.31`. */
  readonly version: string;
}
const ALL_ALLOWED: Policy = { level: 'privileged', version: 'latest' };

/** Judges a write before it is stored. `warn` of the request is told what is admitted, but against the level. @throws ApiError 403 */
export async function admit(storage: Stored, where: Where, object: ApiObject, existing?: ApiObject): Promise<void> {
  const { kind, warn = () => undefined } = where;
  if (kind === NAMESPACE) {
    if (existing) for (const line of await tighteningWarnings(storage, object, existing)) warn(line);
    return;
  }
  if (!kind.namespaced || podTemplateOf(object) === null) return;
  const namespace = await storage.get(NAMESPACE, '', object.metadata.namespace ?? '');
  if (!namespace) return;
  if (kind === POD) {
    if (existing && judgedPart(object) === judgedPart(existing)) return;
    const refused = refusalOf(namespace, object);
    if (refused) throw refused;
  }
  const policy = warnPolicy(namespace);
  const detail = violationOf(policy, namespace, object);
  if (detail !== '') warn(`would violate PodSecurity "${textOf(policy)}": ${detail}`);
}

/** The namespaces of each cluster in this process, by its etcd, which is all that a store knows of its cluster. */
const namespacesOf = new WeakMap<Etcd, Store>();

/** Has the Pods of a cluster judged when they come to a store; needs the store rules. */
export function enforcePodSecurity(cluster: Cluster): void {
  namespacesOf.set(cluster.etcd, cluster.api.corev1.namespaces);
}

/** The same judgement on Pods that controllers make, which come to the store and never were a request. @throws ApiError 403 */
export async function admitAtStore(store: Store, object: ApiObject): Promise<void> {
  if (store.opts.kind !== POD.kind) return;
  const namespace = await namespacesOf.get(store.etcd)?.get(object.metadata.namespace ?? 'default');
  const refused = namespace && refusalOf(namespace, { ...object, kind: POD.kind });
  if (refused) throw refused;
}

/** Labels of a Namespace that name no level or no version. */
export function podSecurityProblems(namespace: ApiObject): readonly FieldProblem[] {
  const labels = namespace.metadata.labels ?? {};
  const problem = (label: string, value: string, why: string): FieldProblem => ({
    field: `metadata.labels[${label}]`,
    reason: 'FieldValueInvalid',
    message: `Invalid value: ${JSON.stringify(value)}: ${why}`,
  });
  return MODES.flatMap((mode) => {
    const [level, version] = [labels[`${PREFIX}${mode}`], labels[`${PREFIX}${mode}-version`]];
    return [
      ...(level === undefined || parsePodSecurityLevel(level) !== null
        ? []
        : [problem(`${PREFIX}${mode}`, level, `must be one of ${LEVELS.join(', ')}`)]),
      ...(version === undefined || parsePodSecurityVersion(version) !== null
        ? []
        : [problem(`${PREFIX}${mode}-version`, version, 'must be "latest" or "v1.x"')]),
    ];
  });
}

function textOf({ level, version }: Policy): string {
  return `${level}:${version}`;
}

/** A namespace whose labels are wrong was refused, so what stands in them is right. */
function policyOf(namespace: ApiObject, mode: (typeof MODES)[number]): Policy | undefined {
  const labels = namespace.metadata.labels ?? {};
  const level = parsePodSecurityLevel(labels[`${PREFIX}${mode}`] ?? '');
  if (level === null) return undefined;
  return { level, version: labels[`${PREFIX}${mode}-version`] ?? 'latest' };
}

/** The level to warn by; where none is set, the enforced one. */
function warnPolicy(namespace: ApiObject): Policy {
  return policyOf(namespace, 'warn') ?? policyOf(namespace, 'enforce') ?? ALL_ALLOWED;
}

/** What breaks a policy in a Pod or in the template of one; empty when nothing does. */
function violationOf(policy: Policy, namespace: ApiObject, object: ApiObject): string {
  return resultOf(policy, namespace, object)?.detail ?? '';
}

function resultOf({ level, version }: Policy, namespace: ApiObject, object: ApiObject) {
  const template = podTemplateOf(object);
  if (template === null || namespace.metadata.name === EXEMPT) return undefined;
  const pod = { spec: template.podSpec, metadata: template.podMetadata };
  return podSecurity(pod, level, parsePodSecurityVersion(version) ?? undefined);
}

function refusalOf(namespace: ApiObject, pod: ApiObject): ApiError | undefined {
  const policy = policyOf(namespace, 'enforce') ?? ALL_ALLOWED;
  const detail = violationOf(policy, namespace, pod);
  if (detail === '') return undefined;
  const name = pod.metadata.name ?? generatedName(pod.metadata.generateName ?? '');
  const message = `pods "${name}" is forbidden: violates PodSecurity "${textOf(policy)}": ${detail}`;
  return new ApiError(403, 'Forbidden', message, detailsOf(POD, name));
}

/** What of a Pod is judged again when it changes: the images and the profiles; labels alone are not. */
function judgedPart(pod: ApiObject): string {
  const spec = record(pod['spec']);
  const lists = ['initContainers', 'containers', 'ephemeralContainers'];
  const profiles = Object.entries(pod.metadata.annotations ?? {}).filter(([name]) => PROFILE_ANNOTATION.test(name));
  return canonical({
    images: lists.map((list) => records(spec[list]).map(({ image }) => image)),
    profiles: Object.fromEntries(profiles),
  });
}

/** What is said of the Pods a namespace already has when it starts to enforce more. */
async function tighteningWarnings(
  storage: Stored,
  namespace: ApiObject,
  before: ApiObject,
): Promise<readonly string[]> {
  const [policy, previous] = [
    policyOf(namespace, 'enforce') ?? ALL_ALLOWED,
    policyOf(before, 'enforce') ?? ALL_ALLOWED,
  ];
  const isRelaxed =
    policy.version === previous.version && LEVELS.indexOf(policy.level) <= LEVELS.indexOf(previous.level);
  if (policy.level === 'privileged' || isRelaxed) return [];
  const name = namespace.metadata.name ?? '';
  const { items } = await storage.list(POD, name);
  const pods = new Map<string, string[]>();
  for (const pod of items) {
    const reasons = resultOf(policy, namespace, pod)?.reasons ?? '';
    if (reasons !== '') pods.set(reasons, [...(pods.get(reasons) ?? []), pod.metadata.name ?? '']);
  }
  if (pods.size === 0) return [];
  const lines = [...pods].map(([reasons, names]) => `${namesOf(names.sort())}: ${reasons}`).sort();
  return [
    `existing pods in namespace "${name}" violate the new PodSecurity enforce level "${textOf(policy)}"`,
    ...lines,
  ];
}

function namesOf([first = '', ...others]: readonly string[]): string {
  if (others.length === 0) return first;
  return `${first} (and ${others.length} other pod${others.length === 1 ? '' : 's'})`;
}
