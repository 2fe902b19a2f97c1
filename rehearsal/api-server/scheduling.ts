/** Which node a Pod may run on, by the filters of kube-scheduler and in its words. Pure. */
import { addQuantities, parseQuantity } from '../../k8s/semantics/quantity.ts';
import { labelRequirements, matchesFields, matchesLabels } from '../../k8s/semantics/selector.ts';
import { integer, record, records, text, type ApiObject, type Json } from './object.ts';

export interface Cluster {
  readonly nodes: readonly ApiObject[];
  readonly pods: readonly ApiObject[];
  readonly namespaces: readonly ApiObject[];
}
/** What a filter has against a node; null when it has nothing. */
type Filter = (pod: ApiObject, node: ApiObject, cluster: Cluster) => string | null;
interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: string;
}

/** The node with the fewest Pods of those that fit, or why none does. */
export function placePod(pod: ApiObject, cluster: Cluster): { readonly node: string } | { readonly why: string } {
  const living = { ...cluster, pods: cluster.pods.filter(isLiving) };
  const reasons = new Map<string, number>();
  const fitting: ApiObject[] = [];
  for (const node of cluster.nodes) {
    const why = firstRefusal(pod, node, living);
    if (why === null) fitting.push(node);
    else reasons.set(why, (reasons.get(why) ?? 0) + 1);
  }
  const load = (node: ApiObject) =>
    podsOn(node, living).filter(({ metadata }) => metadata.namespace !== 'kube-system').length;
  const [best] = fitting.map((node) => ({ node, load: load(node) })).sort((left, right) => left.load - right.load);
  if (best) return { node: nameOf(best.node) };
  const said = [...reasons].map(([why, count]) => `${count} ${why}`).sort();
  return { why: `0/${cluster.nodes.length} nodes are available: ${said.join(', ')}.` };
}

function firstRefusal(pod: ApiObject, node: ApiObject, cluster: Cluster): string | null {
  for (const filter of FILTERS) {
    const why = filter(pod, node, cluster);
    if (why !== null) return why;
  }
  return null;
}

const isLiving = (pod: ApiObject) =>
  text(spec(pod)['nodeName']) !== '' && !/^(?:Succeeded|Failed)$/.test(text(record(pod['status'])['phase']));
const spec = (object: ApiObject) => record(object['spec']);
const nameOf = ({ metadata }: ApiObject) => metadata.name ?? '';
const podsOn = (node: ApiObject, { pods }: Cluster) => pods.filter((pod) => spec(pod)['nodeName'] === nameOf(node));

/** A cordoned node and one that is not ready count as tainted, as the controllers of a real cluster would taint them. */
function taintsOf(node: ApiObject): readonly Taint[] {
  const own = records(spec(node)['taints']).map((taint) => ({
    key: text(taint['key']),
    value: text(taint['value']),
    effect: text(taint['effect']),
  }));
  const ready = records(record(node['status'])['conditions']).find(({ type }) => type === 'Ready')?.['status'];
  const key =
    ready === 'True' ? null : ready === 'Unknown' ? 'node.kubernetes.io/unreachable' : 'node.kubernetes.io/not-ready';
  return key === null ? own : [...own, { key, value: '', effect: 'NoSchedule' }];
}

function tolerates(pod: ApiObject, taint: Taint): boolean {
  return records(spec(pod)['tolerations']).some(({ key = '', operator = 'Equal', value = '', effect = '' }) => {
    if (effect !== '' && effect !== taint.effect) return false;
    if (key !== '' && key !== taint.key) return false;
    return operator === 'Exists' || (key !== '' && value === taint.value);
  });
}

const unschedulable: Filter = (pod, node) => {
  const taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };
  return spec(node)['unschedulable'] === true && !tolerates(pod, taint) ? 'node(s) were unschedulable' : null;
};

const tainted: Filter = (pod, node) => {
  const taint = taintsOf(node).find((one) => /^No(?:Schedule|Execute)$/.test(one.effect) && !tolerates(pod, one));
  return taint ? `node(s) had untolerated taint {${taint.key}: ${taint.value}}` : null;
};

const affine: Filter = (pod, node) => {
  const labels = node.metadata.labels ?? {};
  const wanted = Object.entries(record(spec(pod)['nodeSelector'])).every(([key, value]) => labels[key] === value);
  const required = record(record(spec(pod)['affinity'])['nodeAffinity'])[
    'requiredDuringSchedulingIgnoredDuringExecution'
  ];
  const terms = records(record(required)['nodeSelectorTerms']);
  const fits = required === undefined || terms.some((term) => matchesTerm(term, node));
  return wanted && fits ? null : "node(s) didn't match Pod's node affinity/selector";
};

/** A term without conditions matches no node. */
function matchesTerm(term: Json, node: ApiObject): boolean {
  const [expressions, fields] = [records(term['matchExpressions']), records(term['matchFields'])];
  if (expressions.length + fields.length === 0) return false;
  const labels = node.metadata.labels ?? {};
  return (
    expressions.every((one) => matchesNode(one, labels)) &&
    fields.every(({ key, operator, values }) => {
      const [value] = Array.isArray(values) ? (values as unknown[]) : [];
      return matchesFields(
        [{ field: text(key), operator: operator === 'NotIn' ? '!=' : '=', value: text(value) }],
        node,
      );
    })
  );
}

function matchesNode({ key, operator, values }: Json, labels: Readonly<Record<string, string>>): boolean {
  const list = Array.isArray(values) ? values.map(String) : [];
  if (operator !== 'Gt' && operator !== 'Lt')
    return matchesLabels(labelRequirements({ matchExpressions: [{ key, operator, values: list }] }), labels);
  return matchesLabels([{ key: text(key), operator, values: list }], labels);
}

const portsFree: Filter = (pod, node, cluster) => {
  const taken = new Set(podsOn(node, cluster).flatMap(hostPorts));
  return hostPorts(pod).some((port) => taken.has(port))
    ? "node(s) didn't have free ports for the requested pod ports"
    : null;
};

function hostPorts(pod: ApiObject): readonly string[] {
  const ports = records(spec(pod)['containers']).flatMap((container) => records(container['ports']));
  return ports
    .filter(({ hostPort }) => integer(hostPort) > 0)
    .map(({ hostPort, protocol }) => `${text(protocol) || 'TCP'}/${integer(hostPort)}`);
}

const fits: Filter = (pod, node, cluster) => {
  const allocatable = record(record(node['status'])['allocatable']);
  const others = podsOn(node, cluster);
  if (
    allocatable['pods'] !== undefined &&
    BigInt(others.length + 1) * 1_000_000_000n > parseQuantity(allocatable['pods']).nanos
  )
    return 'Too many pods';
  for (const [name, asked] of requestsOf(pod)) {
    const used = others.map((one) => requestsOf(one).get(name) ?? 0n).reduce((sum, one) => sum + one, 0n);
    const has = allocatable[name] === undefined ? 0n : parseQuantity(allocatable[name]).nanos;
    if (asked > 0n && asked + used > has) return `Insufficient ${name}`;
  }
  return null;
};

function requestsOf(pod: ApiObject): ReadonlyMap<string, bigint> {
  const sums = new Map<string, bigint>();
  for (const container of records(spec(pod)['containers'])) {
    const resources = record(container['resources']);
    for (const [name, amount] of Object.entries({ ...record(resources['limits']), ...record(resources['requests']) }))
      sums.set(name, addQuantities([{ nanos: sums.get(name) ?? 0n, text: '' }, parseQuantity(amount)]).nanos);
  }
  return sums;
}

const spread: Filter = (pod, node, cluster) => {
  const binding = records(spec(pod)['topologySpreadConstraints']).filter(
    (one) => one['whenUnsatisfiable'] === 'DoNotSchedule',
  );
  for (const constraint of binding) {
    const domain = node.metadata.labels?.[text(constraint['topologyKey'])];
    if (domain === undefined) return "node(s) didn't match pod topology spread constraints (missing required label)";
    const counts = countsByDomain(pod, constraint, cluster);
    const fewest = counts.size < integer(constraint['minDomains']) ? 0 : Math.min(...counts.values());
    const self = selects(constraint['labelSelector'], pod) ? 1 : 0;
    if ((counts.get(domain) ?? 0) + self - fewest > integer(constraint['maxSkew']))
      return "node(s) didn't match pod topology spread constraints";
  }
  return null;
};

/** How many Pods a constraint counts in each domain that the Pod may go to. */
function countsByDomain(pod: ApiObject, constraint: Json, cluster: Cluster): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  const isCounted = ({ metadata }: ApiObject) =>
    metadata.namespace === pod.metadata.namespace && metadata.deletionTimestamp === undefined;
  for (const node of cluster.nodes) {
    const domain = node.metadata.labels?.[text(constraint['topologyKey'])];
    if (domain === undefined || affine(pod, node, cluster) !== null) continue;
    const here = podsOn(node, cluster).filter((one) => isCounted(one) && selects(constraint['labelSelector'], one));
    counts.set(domain, (counts.get(domain) ?? 0) + here.length);
  }
  return counts;
}

/** An absent selector selects nothing here. */
function selects(selector: unknown, pod: ApiObject): boolean {
  return selector !== undefined && matchesLabels(labelRequirements(selector), pod.metadata.labels);
}

function requiredTerms(pod: ApiObject, kind: 'podAffinity' | 'podAntiAffinity'): readonly Json[] {
  return records(record(record(spec(pod)['affinity'])[kind])['requiredDuringSchedulingIgnoredDuringExecution']);
}

/** Whether a term of one Pod means another. */
function termSelects(term: Json, owner: ApiObject, other: ApiObject, { namespaces }: Cluster): boolean {
  const { namespaces: named, namespaceSelector } = term;
  const list = Array.isArray(named) ? (named as unknown[]) : [];
  const isOwn =
    list.length === 0 && namespaceSelector === undefined && other.metadata.namespace === owner.metadata.namespace;
  const home = namespaces.find((one) => nameOf(one) === other.metadata.namespace);
  const isSelected = namespaceSelector !== undefined && home !== undefined && selects(namespaceSelector, home);
  return (isOwn || list.includes(other.metadata.namespace) || isSelected) && selects(term['labelSelector'], other);
}

/** Whether a Pod that a term means runs in the node's domain. */
function isBeside(term: Json, node: ApiObject, cluster: Cluster, means: (other: ApiObject) => boolean): boolean {
  const key = text(term['topologyKey']);
  const domain = node.metadata.labels?.[key];
  if (domain === undefined) return false;
  return cluster.nodes.some((one) => one.metadata.labels?.[key] === domain && podsOn(one, cluster).some(means));
}

const together: Filter = (pod, node, cluster) => {
  for (const term of requiredTerms(pod, 'podAffinity')) {
    const means = (other: ApiObject) => termSelects(term, pod, other, cluster);
    const hasDomain = node.metadata.labels?.[text(term['topologyKey'])] !== undefined;
    // The first of Pods that want each other's company may begin anywhere.
    const isFirst = hasDomain && means(pod) && !cluster.pods.some(means);
    if (!isFirst && !isBeside(term, node, cluster, means)) return "node(s) didn't match pod affinity rules";
  }
  return null;
};

const apart: Filter = (pod, node, cluster) => {
  const own = requiredTerms(pod, 'podAntiAffinity');
  if (own.some((term) => isBeside(term, node, cluster, (other) => termSelects(term, pod, other, cluster))))
    return "node(s) didn't match pod anti-affinity rules";
  const isKeptOff = (other: ApiObject) =>
    requiredTerms(other, 'podAntiAffinity').some(
      (term) => termSelects(term, other, pod, cluster) && isBeside(term, node, cluster, (one) => one === other),
    );
  return cluster.pods.some(isKeptOff) ? "node(s) didn't satisfy existing pods anti-affinity rules" : null;
};

/** In the order of kube-scheduler: the first refusal of a node is the one that is said. */
const FILTERS: readonly Filter[] = [unschedulable, tainted, affine, portsFree, fits, spread, together, apart];
