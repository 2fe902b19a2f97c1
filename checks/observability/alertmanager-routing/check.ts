import { textAt } from '../../contract/json.ts';
import { duration } from '../../contract/param-schemas.ts';
import { attempt, kind, ObservationError } from '../../kit/kind.ts';
import { heldAlerts, silences } from '../../protocols/alertmanager.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { alertmanagers } from '../../protocols/prometheus.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';
import {
  alertmanagerOf,
  alertmanagerParams,
  askJson,
  labelValues,
  prometheusOf,
  prometheusParams,
  whyNotReady,
} from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';

export const alertmanagerRouting = kind('observability/alertmanager-routing', {
  title: 'Critical alerts are routed to somebody',
  why: 'An alert that fires and reaches nobody is worse than none: everybody relies on it.',
  sees: [
    'Alertmanager is ready, and Prometheus sends to it.',
    'The configuration it runs with, evaluated for the declared alerts down to a receiver with an integration.',
    'No silence or inhibition covers one of them now, nor would one by an alert that weighs less.',
  ],
  not: ['Whether a message arrives.'],
  needs: ['http'],
  params: {
    ...prometheusParams,
    ...alertmanagerParams,
    alerts: {
      type: 'array',
      minItems: 1,
      default: [{ labels: { severity: 'critical' } }],
      description: 'Alerts, by the labels they would carry, and who must be notified. Without alertname: of any name.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['labels'],
        properties: {
          labels: labelValues('Labels of the alert.'),
          receiver: { type: 'string', minLength: 1, description: 'Receiver that must be among those notified.' },
        },
      },
    },
    knownAs: {
      type: 'string',
      minLength: 1,
      description: 'Address of this Alertmanager as Prometheus knows it, without its path. Absent: any one will do.',
    },
    watchdog: {
      type: 'string',
      minLength: 1,
      description: 'Name of an alert that always fires: it must have arrived.',
    },
    longestWait: duration('Longest that a route may wait with a new alert.', '30m'),
  },
  required: ['prometheus', 'alertmanager'],
  messages,
  rights: ({ prometheusToken, alertmanagerToken }) => mayReadSecrets([prometheusToken, alertmanagerToken]),

  async gather(params, { http }) {
    const source = alertmanagerOf(params);
    const down = await whyNotReady(http, source);
    if (down !== null) return { down, config: null, text: '', silences: [], held: [], senders: [] };
    const [status, silenced, held, senders] = await Promise.all([
      askJson(http, source, '/api/v2/status'),
      silences(http, source),
      heldAlerts(http, source),
      attempt(() => alertmanagers(http, prometheusOf(params))),
    ]);
    const text = textAt(status.json, '', 'config', 'original');
    return {
      config: parseConfig(text),
      text,
      silences: silenced,
      held,
      senders: senders.seen ?? [],
      unknownSenders: senders.refusal,
    };
  },
  judge,
});

/** @throws ObservationError when the configuration cannot be read */
function parseConfig(text: string): unknown {
  try {
    return yamlDocuments(text)[0];
  } catch (cause) {
    throw new ObservationError('protocol', 'The configuration that Alertmanager shows is no YAML.', {
      detail: 'no-yaml',
      cause,
    });
  }
}
