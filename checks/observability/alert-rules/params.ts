import { duration } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';
import { prometheusParams, severityLabelParam } from '../../protocols/telemetry.ts';

/** Of kube-state-metrics: they have a series only while a container waits, has died or a pod was evicted. */
const KNOWN_ONLY_IN_TROUBLE = [
  'kube_pod_container_status_waiting_reason',
  'kube_pod_container_status_terminated_reason',
  'kube_pod_container_status_last_terminated_reason',
  'kube_pod_status_reason',
];

export const params = {
  ...prometheusParams,
  required: {
    type: 'array',
    minItems: 1,
    description: 'Alerting rules that must be there; several of one name are all judged.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['alert'],
      properties: {
        alert: { type: 'string', minLength: 1, description: 'Name of the alert.' },
        labels: {
          type: 'object',
          additionalProperties: { type: 'string' },
          default: {},
          description: 'Labels that the rule sets, where several have the name.',
        },
        severities: {
          type: 'array',
          minItems: 1,
          items: { type: 'string', minLength: 1 },
          default: ['critical'],
          description: 'Severities that the rule may have; of the tiers of one alert, one must.',
        },
        firesAt: {
          type: 'number',
          description: 'A value of what it measures, left of its first comparison, at which it must fire.',
        },
        quietAt: { type: 'number', description: 'A value at which it must not fire yet.' },
        mayFireAtOnce: {
          type: 'boolean',
          default: false,
          description: 'Whether it needs no "for". One on the expiry of certificates never does.',
        },
      },
    },
  },
  severityLabel: severityLabelParam,
  runbookAnnotation: {
    type: 'string',
    minLength: 1,
    default: 'runbook_url',
    description: 'Annotation that names what to do.',
  },
  longestFor: duration('Longest that a rule of those severities may wait before it fires.', '1h'),
  longestInterval: duration(
    'How often a rule must be evaluated at the least; one on the expiry of certificates need not.',
    '5m',
  ),
  longestKept: duration('Longest that a rule may go on firing when all is well again (keep_firing_for).', '1h'),
  onlyInTrouble: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    default: KNOWN_ONLY_IN_TROUBLE,
    description: 'Metrics that exist only when something is wrong; of them only the job must be scraped.',
  },
} as const;
export type Params = ParamsOf<typeof params, 'prometheus' | 'required'>;
