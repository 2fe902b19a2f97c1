import { duration } from '../../contract/param-schemas.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { silences } from '../../protocols/alertmanager.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { alerts, rules, serverTime } from '../../protocols/prometheus.ts';
import {
  alertmanagerOf,
  alertmanagerParams,
  prometheusOf,
  prometheusParams,
  severityLabelParam,
} from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';

export const firingAlerts = kind('observability/firing-alerts', {
  title: 'No critical alert is firing, and none is hidden',
  why: 'A release into a platform that is already calling for help cannot be judged, and a silence without an owner hides the next call.',
  sees: [
    'The alerts that fire in Prometheus now, and that the rules behind them are evaluated.',
    'That the silences in Alertmanager that could cover one have an owner, a reason, a near end and a narrow matcher.',
  ],
  not: ['What no rule watches for.', 'Alerts labelled golive_drill="true": the gate’s own drills.'],
  needs: ['http'],
  params: {
    ...prometheusParams,
    ...alertmanagerParams,
    severityLabel: severityLabelParam,
    severities: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      default: ['critical', 'page', 'emergency', 'P0', 'P1'],
      description: 'Values of it that must not fire, in any case.',
    },
    control: {
      type: 'string',
      minLength: 1,
      description: 'Name of the alert that always fires (a watchdog): it shows that Prometheus evaluates alerts.',
    },
    longestSilence: duration('How far ahead a silence may end.', '7d'),
    reasonPattern: {
      type: 'string',
      format: 'regex',
      minLength: 1,
      description: 'Regular expression that the reason of a silence must match, for example of a ticket: "OPS-[0-9]+".',
    },
    scope: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description:
        'Labels that alerts of this platform carry, {namespace: shop}: a silence of all that has them is too wide.',
    },
  },
  required: ['prometheus', 'alertmanager'],
  messages,
  rights: ({ prometheusToken, alertmanagerToken }) => mayReadSecrets([prometheusToken, alertmanagerToken]),

  async gather(params, { http }) {
    const prometheus = prometheusOf(params);
    const [active, loaded, silenced, time] = await Promise.all([
      alerts(http, prometheus),
      rules(http, prometheus),
      attempt(() => silences(http, alertmanagerOf(params))),
      serverTime(http, prometheus),
    ]);
    return { alerts: active, rules: loaded, silences: silenced.seen ?? [], unknownSilences: silenced.refusal, time };
  },
  judge,
});
