import { duration } from '../../contract/param-schemas.ts';
import { kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { query, rules, selectorOf, serverTime, targets } from '../../protocols/prometheus.ts';
import { labelValues, prometheusOf, prometheusParams, whyNotReady } from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';

export const prometheusTargets = kind('observability/prometheus-targets', {
  title: 'Prometheus scrapes every service and evaluates its rules',
  why: 'A service that is not scraped has no alerts and no dashboards: it fails in silence.',
  sees: [
    'Prometheus says that it is ready.',
    'Every known target of each declared service up and freshly scraped, and enough of them.',
    'Its metric has fresh samples.',
    'Rules loaded and evaluated without error.',
  ],
  not: ['Whether the metrics tell the truth.'],
  needs: ['http'],
  params: {
    ...prometheusParams,
    services: {
      type: 'array',
      minItems: 1,
      description: 'What Prometheus must scrape.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['labels'],
        properties: {
          labels: labelValues('Labels of its targets, for example {job: api}.'),
          targets: { type: 'integer', minimum: 1, default: 1, description: 'Least number of targets that are up.' },
          metric: { type: 'string', minLength: 1, description: 'A metric of it that must have fresh samples.' },
        },
      },
    },
    maxAge: duration('Oldest scrape and oldest sample.', '2m'),
    minRules: { type: 'integer', minimum: 0, default: 1, description: 'Least number of rules that are loaded.' },
  },
  required: ['prometheus', 'services'],
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(params, { http }) {
    const source = prometheusOf(params);
    const down = await whyNotReady(http, source);
    if (down !== null) return { down, time: 0, targets: [], sampleAges: [], rules: [] };
    const [time, active, loaded, ...ages] = await Promise.all([
      serverTime(http, source),
      targets(http, source),
      rules(http, source),
      ...params.services.map(async ({ labels, metric }) => {
        if (metric === undefined) return null;
        const [age] = await query(http, source, `min(time() - timestamp(${metric}${selectorOf(labels)}))`);
        return age?.value ?? null;
      }),
    ]);
    return { time, targets: active, sampleAges: ages, rules: loaded };
  },
  judge,
});
