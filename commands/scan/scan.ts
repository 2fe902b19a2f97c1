/** `golive scan`: every kind that judges objects, on files or on a cluster. */
import { EXIT } from '../../checks/contract/decision.ts';
import type { ResourceType } from '../../checks/contract/cluster.ts';
import {
  CRON_JOBS,
  DAEMON_SETS,
  DEPLOYMENTS,
  JOBS,
  NAMESPACES,
  NODES,
  PODS,
  REPLICA_SETS,
  SERVICE_ACCOUNTS,
  SERVICES,
  STATEFUL_SETS,
} from '../../checks/protocols/kubernetes.ts';
import { NETWORK_POLICIES, OTHER_POLICIES } from '../../checks/protocols/network-policies.ts';
import manifest from '../../package.json' with { type: 'json' };
import { objectsOf, type ObjectSources } from '../objects.ts';
import { projectRoot } from '../root.ts';
import { hasColour, writeError, writePainted } from '../write.ts';
import { asGithub, asHuman, asJson, asSarif } from './formats.ts';
import { SCANNED } from './kinds.ts';
import { severitiesOf } from '../../specs/loader/severities.ts';
import { scanObjects, type ScanReport } from './run.ts';
import { applyWaivers, readWaivers } from './waivers.ts';

export interface ScanOptions extends ObjectSources {
  readonly kind?: readonly string[];
  readonly level: 'baseline' | 'restricted';
  readonly podSecurityVersion: string;
  readonly waivers?: string;
  readonly format: 'human' | 'json' | 'sarif' | 'github';
}

const type = (apiVersion: string, kind: string, resource: string): ResourceType => ({ apiVersion, kind, resource });
const RBAC = 'rbac.authorization.k8s.io/v1';
/** What a scan reads of a cluster. */
export const TYPES: readonly ResourceType[] = [
  ...[NAMESPACES, NODES, PODS, SERVICES, SERVICE_ACCOUNTS, JOBS, CRON_JOBS],
  ...[DEPLOYMENTS, REPLICA_SETS, STATEFUL_SETS, DAEMON_SETS],
  ...['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map((kind) =>
    type(RBAC, kind, `${kind.toLowerCase()}s`),
  ),
  NETWORK_POLICIES,
  ...OTHER_POLICIES,
  type('v1', 'ResourceQuota', 'resourcequotas'),
  type('v1', 'LimitRange', 'limitranges'),
];

/** 0 clean, 1 findings, 2 something could not be judged, 64 wrong use. */
export async function scan(paths: readonly string[], options: ScanOptions): Promise<number> {
  const wrong = wrongUse(options);
  if (wrong !== undefined) return usage(wrong);
  const waivers = options.waivers === undefined ? [] : readWaivers(options.waivers);
  if (typeof waivers === 'string') return usage(waivers);
  const read = await objectsOf(paths, options, TYPES);
  if (typeof read === 'number') return read;
  const kinds = SCANNED.filter(({ kind }) => options.kind?.includes(kind.meta.kind) ?? true);
  const settings = { level: options.level, version: options.podSecurityVersion };
  const severityOf = severitiesOf(projectRoot(), options.checklist ?? process.env['GOLIVE_CHECKLIST']);
  const whole = await scanObjects(read, kinds, settings, severityOf);
  const { report, unneeded } = applyWaivers(whole, waivers, new Date());
  for (const { kind, id, subject } of unneeded)
    writeError(`The waiver of ${kind} ${id} for ${subject} matches no finding: delete it.`);
  writePainted(FORMATS[options.format](report));
  // Nothing judged is never clean.
  const nothing = Object.values(report.judged).every((count) => count === 0);
  if (report.findings.length > 0) return EXIT['NO-GO'];
  return report.doubts.length > 0 || nothing ? EXIT.HOLD : EXIT.GO;
}

const FORMATS: Readonly<Record<ScanOptions['format'], (report: ScanReport) => string>> = {
  human: (report) => asHuman(report, hasColour(), process.stdout.columns || 80),
  json: asJson,
  sarif: (report) => asSarif(report, manifest.version),
  github: asGithub,
};

function wrongUse({ kind = [], podSecurityVersion }: ScanOptions): string | undefined {
  const known: readonly string[] = SCANNED.map((one) => one.kind.meta.kind);
  const strange = kind.filter((name) => !known.includes(name));
  if (strange.length > 0) return `--kind ${strange.join(', ')}: expected one of ${known.join(', ')}.`;
  if (/^(latest|v1\.(0|[1-9]\d?))$/.test(podSecurityVersion)) return undefined;
  return `--pod-security-version ${podSecurityVersion}: expected latest or a version like v1.25.`;
}

function usage(text: string): number {
  writeError(text);
  return EXIT.usage;
}
