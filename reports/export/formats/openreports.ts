/** OpenReports (`openreports.io/v1alpha1`), a ClusterReport: what policy dashboards in the cluster read. */
import type { Severity, Subject } from '../../../checks/contract/outcome.ts';
import { waiverText, type GraphItem, type ResultGraph } from '../graph.ts';

type Result = 'pass' | 'fail' | 'warn' | 'error' | 'skip';
const SEVERITIES: Readonly<Record<Severity, string>> = { critical: 'critical', major: 'high', minor: 'low' };

function resultOf({ standing, severity }: GraphItem): Result {
  switch (standing) {
    case 'good':
      return 'pass';
    case 'bad':
      return severity === 'minor' ? 'warn' : 'fail';
    case 'waived':
      return 'warn';
    case 'left-out':
      return 'skip';
    default:
      return 'error';
  }
}

/** An object of the cluster as the format names it; null of a thing that is none. */
function reference({ apiVersion, kind, namespace, name }: Subject): object | null {
  if (kind === undefined) return null;
  return {
    ...(apiVersion === undefined ? {} : { apiVersion }),
    kind,
    ...(namespace === undefined ? {} : { namespace }),
    name,
  };
}

function results(item: GraphItem, at: object): readonly object[] {
  const common = {
    source: 'golive',
    policy: item.id,
    category: item.phase,
    result: resultOf(item),
    severity: SEVERITIES[item.severity],
    scored: item.severity !== 'minor',
    timestamp: at,
  };
  const properties = {
    title: item.title,
    kind: item.kind,
    owner: item.owner,
    outcome: item.outcome,
    ...(item.reason === undefined ? {} : { reason: item.reason }),
    ...(item.waived === null ? {} : { waiver: waiverText(item) }),
  };
  if (item.findings.length === 0) return [{ ...common, rule: item.kind, message: item.message, properties }];
  return item.findings.map(({ id, subject, says, fix }) => {
    const resource = reference(subject);
    return {
      ...common,
      rule: id,
      message: says,
      ...(resource === null ? {} : { resources: [resource] }),
      properties: { ...properties, subject: subject.name, fix },
    };
  });
}

/** A name that Kubernetes accepts. */
function objectName({ decision }: ResultGraph): string {
  const name = `golive-${decision.checklist.name}-${decision.environment.name}`.toLowerCase();
  return name
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, 63)
    .replace(/-+$/, '');
}

/** The object as JSON, for `kubectl apply -f -`. */
export function openReports(graph: ResultGraph): string {
  const { decision, items } = graph;
  const ms = Date.parse(graph.endedAt);
  const at = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1_000_000 };
  const all = items.flatMap((item) => results(item, at)) as readonly { readonly result: Result }[];
  const count = (result: Result): number => all.filter((one) => one.result === result).length;
  const report = {
    apiVersion: 'openreports.io/v1alpha1',
    kind: 'ClusterReport',
    metadata: {
      name: objectName(graph),
      labels: { 'app.kubernetes.io/created-by': 'golive' },
      annotations: {
        'golive/decision': decision.decision,
        'golive/readiness': decision.readiness,
        'golive/release': `${decision.release.name}@${decision.release.version}`,
        'golive/run': decision.runId,
      },
    },
    source: 'golive',
    summary: {
      pass: count('pass'),
      fail: count('fail'),
      warn: count('warn'),
      error: count('error'),
      skip: count('skip'),
    },
    results: all,
  };
  return `${JSON.stringify(report, null, 2)}\n`;
}
