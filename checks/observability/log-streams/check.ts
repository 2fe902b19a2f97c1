import type { KubeObject } from '../../contract/cluster.ts';
import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import { isRecord, listAt } from '../../contract/json.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayList, mayReadSecrets, PODS } from '../../protocols/kubernetes.ts';
import { countLines, lokiOf, notReady } from '../../protocols/loki.ts';
import { promDuration } from '../../protocols/prometheus.ts';
import { loggedService, logsParams } from '../../protocols/telemetry.ts';
import { isLeaving } from '../../protocols/workloads.ts';

export const logStreams = kind('observability/log-streams', {
  title: 'The log system receives lines of every service',
  why: 'The first question after an incident goes to the logs; a collector that stopped is noticed only then.',
  sees: [
    'Loki says that it is ready.',
    'For each service the number of lines that arrived lately, for each of its ready pods.',
  ],
  not: ['Whether every line arrives.', 'How long lines are kept.'],
  needs: ['http', 'cluster'],
  params: {
    ...logsParams,
    services: {
      type: 'array',
      minItems: 1,
      description: 'Whose lines must arrive.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'selector', 'namespace', 'podSelector'],
        properties: {
          ...loggedService,
          namespace: kubernetesName('Namespace of its pods.'),
          podSelector: { type: 'string', minLength: 1, description: 'Its pods: app.kubernetes.io/name=api.' },
        },
      },
    },
    podLabel: {
      type: 'string',
      pattern: '^[a-zA-Z_][a-zA-Z0-9_]*$',
      default: 'pod',
      description: 'Label of a stream that names its pod.',
    },
    eachPod: { type: 'boolean', default: true, description: 'Whether each ready pod must have sent lines.' },
    window: duration('How recent a line must be.', '5m'),
  },
  required: ['logs', 'services'],
  messages: {
    down: {
      says: '{subject}: {why}, expected it to be ready.',
      fix: 'See the log of Loki for why it does not answer.',
    },
    silent: {
      says: '{subject}: no line has arrived in the last {window}, expected some.',
      fix: 'Check that the collector runs on its nodes and that the selector {selector} is right.',
    },
    podSilent: {
      says: '{subject}: no line of {pods} has arrived in the last {window}, expected lines of each ready pod.',
      fix: 'Look at the log collector on the nodes of those pods.',
    },
  },
  rights: ({ services, logsToken }) => [
    ...[...new Set(services.map(({ namespace }) => namespace))].flatMap((namespace) => mayList([PODS], namespace)),
    ...mayReadSecrets([logsToken]),
  ],

  async gather(params, { http, cluster }, { fresh, now }) {
    const source = lokiOf(params);
    const down = await notReady(http, source);
    if (down !== null) return { down, services: [] };
    const window = promDuration(durationMs(params.window));
    const looked = params.services.map(async ({ selector, namespace, podSelector }) => {
      const [counts, pods] = await Promise.all([
        countLines(http, source, `sum by (${params.podLabel}) (count_over_time(${selector}[${window}]))`),
        attempt(() => cluster.list(PODS, { namespace, labelSelector: podSelector, fresh })),
      ]);
      const ready = (pods.seen?.items ?? []).filter((pod) => isReady(pod) && !isLeaving(pod, now));
      return { counts, readyPods: ready.map(({ metadata }) => metadata.name), refusal: pods.refusal };
    });
    return { services: await Promise.all(looked) };
  },

  judge({ services, podLabel, eachPod, ...params }, seen, say) {
    if (seen.down !== undefined) return say.fail('down', 'Loki', { why: seen.down });
    const window = formatMs(durationMs(params.window));
    const rows = seen.services.flatMap(({ counts, readyPods, refusal }, index) => {
      const { name = '', selector = '' } = services[index] ?? {};
      const subject = `Logs of ${name}`;
      const lines = new Map(counts.map((one) => [one.labels[podLabel] ?? '', one.lines]));
      const linesOf = (pod: string): number => lines.get(pod) ?? 0;
      const silent = readyPods.filter((pod) => linesOf(pod) === 0);
      say.judged(subject);
      if (!counts.some((one) => one.lines > 0)) say.fail('silent', subject, { window, selector });
      else if (eachPod && silent.length > 0) say.fail('podSilent', subject, { pods: nameList(silent), window });
      if (refusal) say.refused(refusal, subject);
      else if (eachPod && readyPods.length === 0)
        say.unsure(
          'no-subjects',
          `${name}: no pod is ready, so nothing says whose lines must arrive. Correct podSelector, or start it.`,
          { subject },
        );
      return [...new Set([...readyPods, ...lines.keys()])].map((pod) => [
        name,
        pod,
        readyPods.includes(pod),
        linesOf(pod),
      ]);
    });
    say.show(table('Lines that arrived', ['service', 'pod', 'ready', 'lines'], rows));
  },
});

function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => isRecord(condition) && condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}
