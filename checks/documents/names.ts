/**
 * Names in documents: whether a text names something, and what a text claims to run. A claim is only what cannot be meant otherwise: a
 * code span beside the word Deployment, a column of that heading, `kubectl … deployment/name`, a name in the cluster's DNS, a node of a
 * diagram, a host of the platform's domain. Everything else may be prose.
 */
import type { MarkdownDocument, Passage } from './markdown.ts';

/** Something a document says is part of the platform. */
export interface Claim {
  /** `Deployment`, `Service`, `Host`, `Store`; `Thing` in a diagram, which does not say what it is. */
  readonly kind: string;
  readonly name: string;
  readonly line: number;
}

const KINDS: readonly (readonly [kind: string, spelling: string])[] = [
  ['Deployment', 'deployments?(?:\\.apps)?|deploy'],
  ['StatefulSet', 'statefulsets?(?:\\.apps)?|sts'],
  ['DaemonSet', 'daemonsets?(?:\\.apps)?|ds'],
  ['CronJob', 'cronjobs?(?:\\.batch)?|cj'],
  ['Service', 'services?|svc'],
];
const NAME = '[a-z0-9](?:[-a-z0-9]*[a-z0-9])?';
const WHOLE_NAME = new RegExp(`^${NAME}$`);
const SPANS = /`([^`]+)`/g;
const NOTHING = /^(none|no|yes|all|any)$/;

/** Passages that speak of the present: not what was, or is to come. */
export function present(document: Pick<MarkdownDocument, 'passages'>, past: readonly string[]): readonly Passage[] {
  const titles = new Set(past.map((title) => title.toLowerCase()));
  return document.passages.filter(({ within }) => !within.some((title) => titles.has(title.toLowerCase())));
}

/**
 * Whether a passage names it as a whole word: `api` is not in `api-green`, `redis` not in `redis.conf`. An everyday word counts where it
 * cannot be prose only: in code, in a table, in a diagram.
 */
export function names(passages: readonly Passage[], name: string): boolean {
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const word = new RegExp(`(?<![-\\w.])${escaped}(?![-\\w]|\\.(?!$|\\s|${NAME}\\.svc\\b|svc\\b)\\w)`);
  const everyday = /^[a-z]+$/.test(name);
  return passages.some(({ text, form }) => {
    if (!everyday || form === 'code' || form === 'cell' || form === 'diagram') return word.test(text);
    return [...text.matchAll(SPANS)].some(([, span = '']) => word.test(span));
  });
}

/** What passages say runs, hosts of `domains` included. */
export function claims(passages: readonly Passage[], domains: readonly string[]): Claim[] {
  return passages.flatMap((passage) => [
    ...besideKinds(passage),
    ...inColumns(passage),
    ...inCommands(passage),
    ...inClusterDns(passage),
    ...inDiagrams(passage),
    ...hostsOf(passage, domains),
  ]);
}

/** Domains that hosts belong to: the part behind their first label, or the host where nothing but a top-level domain would be left. */
export function domainsOf(hosts: readonly string[]): readonly string[] {
  return [...new Set(hosts.map((host) => (host.split('.').length > 2 ? host.slice(host.indexOf('.') + 1) : host)))];
}

/** "Deployments `a` and `b`", "the `a` Service". */
function besideKinds({ text, line, form }: Passage): Claim[] {
  if (form === 'code' || form === 'diagram') return [];
  const span = '`[^`]+`';
  return KINDS.flatMap(([kind]) => {
    const after = new RegExp(`\\b${kind}s?:?\\s+(${span}(?:(?:,| and| or| &)*\\s+${span})*)`, 'g');
    const before = new RegExp(`(${span})\\s+${kind}\\b(?!s?:?\\s+\`)`, 'g');
    const found = [...text.matchAll(after), ...text.matchAll(before)].flatMap(([, spans = '']) => spansOf(spans));
    return found.filter((name) => WHOLE_NAME.test(name)).map((name) => ({ kind, name, line }));
  });
}

/** Code spans of a cell whose column is headed Deployment, Service, Host or Store. */
function inColumns({ text, line, column }: Passage): Claim[] {
  const heading = column?.trim().replace(/s$/i, '').toLowerCase();
  const kind = [...KINDS.map(([one]) => one), 'Host', 'Store'].find((one) => one.toLowerCase() === heading);
  if (kind === undefined) return [];
  const pattern = kind === 'Host' || kind === 'Store' ? /^[a-z0-9][-a-z0-9.]*$/ : WHOLE_NAME;
  return spansOf(text)
    .filter((name) => pattern.test(name) && !NOTHING.test(name))
    .map((name) => ({ kind, name, line }));
}

/** `kubectl rollout status deployment/api`, `kubectl get deploy api`. */
function inCommands({ text, line }: Passage): Claim[] {
  if (!/\b(kubectl|oc)\b/.test(text)) return [];
  const verbs = 'get|describe|delete|edit|scale|logs|expose|autoscale|restart|status|undo|history|pause|resume';
  return KINDS.flatMap(([kind, spelling]) => {
    const slashed = new RegExp(`(?<![-\\w./])(?:${spelling})/(${NAME})(?![-\\w./])`, 'g');
    const spaced = new RegExp(`\\b(?:${verbs})\\s+(?:${spelling})\\s+(${NAME})(?![-\\w./=])`, 'g');
    return [...text.matchAll(slashed), ...text.matchAll(spaced)].map(([, name = '']) => ({ kind, name, line }));
  });
}

/** `api.shop.svc`, `api.shop.svc.cluster.local`. */
function inClusterDns({ text, line }: Passage): Claim[] {
  const found = text.matchAll(new RegExp(`(?<![-\\w.])(${NAME})\\.${NAME}\\.svc\\b`, 'g'));
  return [...found].map(([, name = '']) => ({ kind: 'Service', name, line }));
}

/** Names in the labels of a diagram's nodes, `a[mcp-api] --> b[(redis-cache)]`; words without a hyphen are for people. */
function inDiagrams({ text, line, form }: Passage): Claim[] {
  if (form !== 'diagram') return [];
  const labels = [...text.matchAll(/[[({"|>]([^[\](){}"|<>]+)(?=[\])}"|])/g)].map(([, label = '']) => label.trim());
  return labels
    .flatMap((label) => label.split(/\s+|\\n|,/))
    .filter((word) => WHOLE_NAME.test(word) && word.includes('-'))
    .map((name) => ({ kind: 'Thing', name, line }));
}

function hostsOf({ text, line }: Passage, domains: readonly string[]): Claim[] {
  return domains.flatMap((domain) => {
    const escaped = domain.replaceAll('.', '\\.');
    const found = text.matchAll(new RegExp(`(?<![-\\w.@])((?:[-a-z0-9]+\\.)+${escaped})(?![-\\w]|\\.\\w)`, 'gi'));
    return [...found].map(([, name = '']) => ({ kind: 'Host', name: name.toLowerCase(), line }));
  });
}

const spansOf = (text: string): string[] => [...text.matchAll(SPANS)].map(([, span = '']) => span.trim());
