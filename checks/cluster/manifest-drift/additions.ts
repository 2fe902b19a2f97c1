/**
 * What a live object has beyond its manifest. A server-side apply takes away nothing that others have added, so its dry run shows no
 * second container, variable or key of a ConfigMap. Pure.
 */
import { podTemplateOf } from '../../../k8s/semantics/pod-template.ts';
import { canonicalJson } from '../../contract/canonical.ts';
import type { KubeObject } from '../../contract/cluster.ts';
import { at, isRecord } from '../../contract/json.ts';
import { memberPath, type Difference } from './differences.ts';

type Skip = (name: string, value: unknown) => boolean;

/** What of `live` stands in no manifest: pod templates in full, elsewhere what somebody may add with effect. */
export function additionsOf(live: KubeObject, manifest: KubeObject): readonly Difference[] {
  const isPod = live.kind === 'Pod';
  const [template, wanted] = [podTemplateOf(live), podTemplateOf(manifest)];
  const specPath = template?.specPath ?? '';
  // Network plugins and schedulers write on pods; a template belongs to whoever applies it.
  const ofTemplate = isPod ? [] : ['labels', 'annotations'];
  return [
    ...['data', 'binaryData'].flatMap((field) => members(live, manifest, [field], () => false)),
    ...['annotations', 'labels'].flatMap((field) =>
      members(live, manifest, ['metadata', field], (name) => !MATTERS.test(name)),
    ),
    ...['ports', 'selector', 'externalIPs'].flatMap((field) =>
      live.kind === 'Service' ? members(live, manifest, ['spec', field], isServers) : [],
    ),
    ...(template && wanted ? beyond(specPath, template.podSpec, wanted.podSpec, isPod ? isOfPod : isDefault) : []),
    ...ofTemplate.flatMap((field) =>
      members(live, manifest, [...specPath.replace(/spec$/, 'metadata').split('.'), field], isBookkeeping),
    ),
  ];
}

/** Labels and annotations by which something happens; others are notes of controllers, which keep them by the dozen. */
const MATTERS =
  /^(?:pod-security\.kubernetes\.io\/|(?:[\w-]+\.)*ingress\.kubernetes\.io\/|service(?:\.beta|\.alpha)?\.kubernetes\.io\/|storageclass\.kubernetes\.io\/|container\.(?:apparmor|seccomp)|eks\.amazonaws\.com\/|iam\.gke\.io\/|azure\.workload\.identity\/|(?:[\w-]+\.)?(?:istio|linkerd)\.io\/inject$|istio-injection$|vault\.hashicorp\.com\/|external-dns\.alpha\.kubernetes\.io\/|app\.kubernetes\.io\/name$|app$)/;

/** What the API server fills in where a template says nothing (SetDefaults_* of core/v1 and apps/v1). */
const DEFAULTS: Readonly<Record<string, readonly unknown[]>> = {
  apiVersion: ['v1'],
  defaultMode: [420],
  divisor: ['0'],
  dnsPolicy: ['ClusterFirst'],
  enableServiceLinks: [true],
  expirationSeconds: [3600],
  failureThreshold: [3],
  hostUsers: [true],
  path: ['/'],
  periodSeconds: [10],
  protocol: ['TCP'],
  resources: [{}],
  restartPolicy: ['Always'],
  schedulerName: ['default-scheduler'],
  scheme: ['HTTP'],
  securityContext: [{}],
  successThreshold: [1],
  terminationGracePeriodSeconds: [30],
  terminationMessagePath: ['/dev/termination-log'],
  terminationMessagePolicy: ['File'],
  timeoutSeconds: [1],
  type: [''],
  volumeMode: ['Filesystem'],
};
/** Follows from other fields of the manifest, whatever it is. */
const DERIVED = ['imagePullPolicy', 'requests', 'serviceAccount'];
const isDefault: Skip = (name, value) =>
  DERIVED.includes(name) || Boolean(DEFAULTS[name]?.some((one) => canonicalJson(one) === canonicalJson(value)));

/** What scheduling and admission put into a pod besides: its place, its token, and the defaults of its namespace. */
const OF_PODS =
  /^(?:nodeName|tolerations|priority|priorityClassName|preemptionPolicy|imagePullSecrets|serviceAccountName|hostname|resources|limits|kube-api-access-.*|\/var\/run\/secrets\/kubernetes\.io\/serviceaccount)$/;
const isOfPod: Skip = (name, value) => OF_PODS.test(name) || isDefault(name, value);

/** A restart by hand, the hash of what a template holds, and those who restart by such hashes. */
const isBookkeeping: Skip = (name) =>
  /^(?:kubectl\.kubernetes\.io\/restartedAt|(?:pod-template|controller-revision)-hash|(?:batch\.kubernetes\.io\/)?(?:controller-uid|job-name)|reloader\.stakater\.com\/.*)$/.test(
    name,
  );
const isServers: Skip = (name) => ['nodePort', 'targetPort', 'protocol'].includes(name);

function members(live: KubeObject, manifest: KubeObject, path: readonly string[], skip: Skip): readonly Difference[] {
  const [actual, wanted] = [at(live, ...path), at(manifest, ...path)];
  if (actual === undefined) return [];
  return beyond(path.join('.'), actual, wanted ?? (Array.isArray(actual) ? [] : {}), skip);
}

function beyond(path: string, live: unknown, wanted: unknown, skip: Skip): readonly Difference[] {
  if (isRecord(live) && isRecord(wanted))
    return Object.entries(live).flatMap(([name, value]) => {
      if (wanted[name] !== undefined && wanted[name] !== null)
        return beyond(`${path}${memberPath(name)}`, value, wanted[name], skip);
      if (skip(name, value)) return [];
      // Of a list, each member by itself: a Pod's token is one volume of it.
      const isOfObjects = Array.isArray(value) && value.some(isRecord);
      return isOfObjects
        ? beyond(`${path}${memberPath(name)}`, value, [], skip)
        : [{ path: `${path}${memberPath(name)}`, live: value, applied: undefined }];
    });
  if (!Array.isArray(live) || !Array.isArray(wanted)) return [];
  const known = new Map(wanted.map((member: unknown, index) => [idOf(member, index), member]));
  return live.flatMap((member: unknown, index) => {
    const id = idOf(member, index);
    if (known.has(id)) return beyond(`${path}[${id}]`, member, known.get(id), skip);
    return skip(id, member) ? [] : [{ path: `${path}[${id}]`, live: member, applied: undefined }];
  });
}

/** By what a list of Kubernetes tells its members apart; where nothing does, by their order. */
function idOf(member: unknown, index: number): string {
  const keys = ['mountPath', 'devicePath', 'name', 'containerPort', 'port', 'ip', 'topologyKey'].map((key) =>
    at(member, key),
  );
  const id = keys.find((value) => typeof value === 'string' || typeof value === 'number');
  return String(id ?? index);
}
