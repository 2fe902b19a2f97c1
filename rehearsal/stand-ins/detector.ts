/**
 * Stands in for Falco with its plugin k8saudit and for falcosidekick: reads the API server's audit log, holds three rules against it, and
 * posts what they find to Alertmanager in falcosidekick's shape (labels source, rule, eventsource, priority, severity, and the fields of
 * the event with `_` for what is no letter or digit). The log itself is a stream of the log store.
 *
 * Levers: `audit.stop`, nothing is written any more; `audit.intrude`, somebody without a right asks the API server for all Secrets.
 */
import { appendFileSync, mkdirSync, readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import { load } from 'js-yaml';
import { at, isRecord, textAt } from '../../checks/contract/json.ts';
import type { AuditEvent, ControlPlane } from '../control-plane-types.ts';
import type { Release } from '../levers.ts';
import type { Monitoring } from '../monitoring/monitoring.ts';
import type { PlatformContext } from '../platform-types.ts';
import { NAMESPACE, NODES } from '../topology.ts';

/** Falco's priorities as falcosidekick's severities. */
const SEVERITIES = { Critical: 'critical', Warning: 'warning', Informational: 'information' } as const;
interface DetectorRule {
  readonly rule: string;
  readonly priority: keyof typeof SEVERITIES;
  readonly holds: (event: AuditEvent) => boolean;
}
/** The gate runs commands in pods by right. */
const GATE_USER = 'golive-gate';
const RULES: readonly DetectorRule[] = [
  {
    rule: 'Attach/Exec Pod',
    priority: 'Warning',
    holds: ({ objectRef, user }) => objectRef.subresource === 'exec' && user.username !== GATE_USER,
  },
  {
    rule: 'K8s Secret Access Denied',
    priority: 'Critical',
    holds: ({ objectRef, responseStatus }) => objectRef.resource === 'secrets' && responseStatus.code === 403,
  },
  // What the gate asks for to see that all of this is alive.
  {
    rule: 'Golive Canary',
    priority: 'Informational',
    holds: ({ objectRef }) => objectRef.name.startsWith('golive-canary-'),
  },
];
/** How long Alertmanager shows an event. */
const SHOWN_MS = 60_000;
const INTRUDER = 'system:serviceaccount:default:intruder';

export interface Detector {
  readonly take: (event: AuditEvent) => void;
}

export function startDetector(
  context: PlatformContext,
  monitoring: Promise<Monitoring>,
  plane: Promise<ControlPlane>,
): Detector {
  const folder = join(context.dir, 'logs');
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const log = join(folder, 'kube-system_kube-apiserver-0_audit.log');
  let stopped = false;
  context.levers.add('audit.stop', () => {
    stopped = true;
    return Promise.resolve(() => {
      stopped = false;
      return Promise.resolve();
    });
  });
  context.levers.add('audit.intrude', () => intrude(plane, monitoring));
  return {
    take(event) {
      if (stopped) return;
      appendFileSync(log, `${JSON.stringify({ time: event.stageTimestamp, ...event })}\n`);
      const found = RULES.filter(({ holds }) => holds(event)).map((rule) => alertOf(rule, event));
      if (found.length > 0)
        void post(monitoring, found, SHOWN_MS).catch((cause: unknown) => context.log(String(cause)));
    },
  };
}

type Alert = Readonly<Record<string, string>>;

function alertOf({ rule, priority }: DetectorRule, { objectRef, user, verb }: AuditEvent): Alert {
  return {
    source: 'falco',
    rule,
    eventsource: 'k8s_audit',
    priority,
    severity: SEVERITIES[priority],
    hostname: NODES[0],
    ka_user_name: user.username,
    ka_verb: verb,
    ka_target_resource: objectRef.resource,
    ka_target_name: objectRef.name,
    ka_target_namespace: objectRef.namespace,
  };
}

async function post(monitoring: Promise<Monitoring>, alerts: readonly Alert[], shownMs: number): Promise<void> {
  const { alertmanager } = await monitoring;
  const endsAt = new Date(Date.now() + shownMs).toISOString();
  const answer = await fetch(`${alertmanager.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(alerts.map((labels) => ({ labels, endsAt }))),
    signal: AbortSignal.timeout(5000),
  });
  if (!answer.ok) throw new Error(`Alertmanager refused a security event: ${answer.status}`);
}

/** A real request of somebody else, by the administrator's credentials and impersonation; the release ends the alert that it caused. */
async function intrude(plane: Promise<ControlPlane>, monitoring: Promise<Monitoring>): Promise<Release> {
  const { url, kubeconfig } = await plane;
  const text = kubeconfig.includes('\n') ? kubeconfig : readFileSync(kubeconfig, 'utf8');
  const [config] = [load(text)];
  const users = at(config, 'users');
  const admin = (Array.isArray(users) ? (users as readonly unknown[]) : []).find(
    (one) => isRecord(one) && at(one, 'user', 'client-certificate-data') !== undefined,
  );
  const bytes = (...path: string[]): Buffer => Buffer.from(textAt(admin, '', 'user', ...path), 'base64');
  const ca = Buffer.from(textAt(config, '', 'clusters', 0, 'cluster', 'certificate-authority-data'), 'base64');
  await new Promise<void>((resolve, reject) => {
    const sent = request(
      `${url}/api/v1/namespaces/${NAMESPACE}/secrets`,
      {
        cert: bytes('client-certificate-data'),
        key: bytes('client-key-data'),
        ...(ca.length > 0 ? { ca } : {}),
        headers: { 'impersonate-user': INTRUDER },
      },
      (response) => {
        response.resume();
        response.once('end', () =>
          response.statusCode === 403 ? resolve() : reject(new Error(`the intruder was told ${response.statusCode}`)),
        );
      },
    );
    sent.once('error', reject);
    sent.end();
  });
  const caused = RULES[1];
  return async () => {
    if (!caused) return;
    const objectRef = {
      namespace: NAMESPACE,
      resource: 'secrets',
      name: '',
      subresource: '',
      apiGroup: '',
      apiVersion: 'v1',
    };
    const event = { objectRef, user: { username: INTRUDER, groups: [] }, verb: 'list' } as unknown as AuditEvent;
    await post(monitoring, [alertOf(caused, event)], 0);
  };
}
