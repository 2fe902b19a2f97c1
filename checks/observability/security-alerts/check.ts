import { randomBytes } from 'node:crypto';
import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { heldAlerts } from '../../protocols/alertmanager.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import type { LabelSet } from '../../protocols/prometheus.ts';
import { alertmanagerOf, alertmanagerParams, labelText, severityLabelParam } from '../../protocols/telemetry.ts';

const CANARY = 'golive-canary-';
const LOOK_AGAIN_MS = 250;

export const securityAlerts = kind('observability/security-alerts', {
  title: 'No security alert is active, and the detector is awake',
  why: 'A detector that has died reports no intruder either.',
  sees: [
    'The alerts in Alertmanager that carry the labels of the detector (Falco by falcosidekick, or rules over the audit log), silenced and inhibited ones too.',
    'That the way from the API server to Alertmanager is alive: the gate asked for an object with a name made for it, which does not exist, and an alert about it came.',
  ],
  not: ['What no rule of the detector looks for.', 'Events of system calls: the canary is one of the audit log.'],
  needs: ['cluster', 'http'],
  params: {
    ...alertmanagerParams,
    alerts: {
      type: 'array',
      minItems: 1,
      items: { type: 'object', minProperties: 1, additionalProperties: { type: 'string' } },
      default: [{ source: 'falco' }, { category: 'security' }],
      description: 'Labels of security alerts; an alert that has all labels of one entry is one.',
    },
    severityLabel: severityLabelParam,
    harmless: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: ['none', 'debug', 'info', 'information', 'informational'],
      description: 'Values of it that need no answer. An alert without the label is no harmless one.',
    },
    canaryNamespace: kubernetesName(
      'Where the gate asks for the ConfigMap golive-canary-…, which never exists. The audit policy must log it, and a rule of the detector must raise an alert whose labels hold the name: objectRef.name begins with "golive-canary-".',
    ),
    canaryWithin: duration('How soon the alert must come.', '60s'),
  },
  required: ['alertmanager', 'canaryNamespace'],
  messages: {
    active: {
      says: '{subject}: is active, expected no security alert.',
      fix: 'Follow the plan for incidents: stop, find out who did it and what was reached. Do not go live before it is explained.',
      also: ['severity'],
    },
  },
  // Its answer does not matter; without the right it is 403, and written down as well.
  rights: ({ alertmanagerToken, canaryNamespace: namespace }) => [
    ...mayReadSecrets([alertmanagerToken]),
    { namespace, groups: [''], resources: ['configmaps'], verbs: ['get'] },
  ],

  async gather(params, { cluster, http }, context) {
    const source = alertmanagerOf(params);
    const canary = `${CANARY}${randomBytes(6).toString('hex')}`;
    const path = `/api/v1/namespaces/${params.canaryNamespace}/configmaps/${canary}`;
    const asked = await attempt(() => cluster.raw(path));
    const until = performance.now() + durationMs(params.canaryWithin);
    const seen = (alerts: readonly LabelSet[]): boolean => alerts.some((one) => Object.values(one).includes(canary));
    let alerts = await heldAlerts(http, source);
    while (asked.seen && !seen(alerts) && performance.now() < until) {
      await context.wait(LOOK_AGAIN_MS);
      alerts = await heldAlerts(http, source);
    }
    // 403 is as good as 404: it was asked, and that is written down.
    return { alerts, canary, status: asked.seen?.status ?? null, refused: asked.refusal, isSeen: seen(alerts) };
  },

  judge({ alerts: kinds, severityLabel, harmless, canaryWithin }, { alerts, canary, status, refused, isSeen }, say) {
    const isCanary = (labels: LabelSet): boolean => Object.values(labels).some((value) => value.startsWith(CANARY));
    const isSecurity = (labels: LabelSet): boolean =>
      kinds.some((wanted) => Object.entries(wanted).every(([name, value]) => labels[name] === value));
    const found = alerts.filter((one) => isSecurity(one) && !isCanary(one));
    say.judged('Security alerts');
    for (const labels of found.filter((one) => !harmless.includes((one[severityLabel] ?? '').toLowerCase())))
      say.fail('active', `Security alert ${labels['rule'] ?? labels['alertname'] ?? ''} ${labelText(labels)}`, {
        severity: labels[severityLabel] ?? 'none given',
      });
    if (refused) say.refused(refused, 'Canary');
    else if (status !== 403 && status !== 404)
      say.unsure('protocol', `The API server answered ${status ?? 'nothing'} for ${canary}, expected 404 or 403.`);
    else if (!isSeen)
      say.unsure(
        'no-positive-control',
        `No alert about ${canary} came within ${canaryWithin}: the audit log, the detector or the way to Alertmanager is dead, and no alert proves nothing.`,
        { subject: 'Canary' },
      );
    const rows = found.map((labels) => [
      labels['rule'] ?? labels['alertname'] ?? '',
      labels[severityLabel] ?? '',
      labelText(labels),
    ]);
    say.show(table('Security alerts', ['rule', 'severity', 'labels'], rows), {
      type: 'text',
      title: 'Canary',
      text: `${canary}: ${isSeen ? 'its alert came' : 'no alert came'}`,
    });
  },
});
