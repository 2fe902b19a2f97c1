import type { KubeObject } from '../../contract/cluster.ts';
import { duration, kubernetesName } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type CheckContext,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../kit/define-check.ts';
import { nameList, readingEvidence, table, type Reading } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { isRecord, listAt } from '../../contract/json.ts';
import { mayList, mayReadSecrets, PODS, readList } from '../../protocols/kubernetes.ts';
import { countLines, notReady, type LineCount } from '../../protocols/loki.ts';
import { promDuration } from '../../protocols/prometheus.ts';
import { logsParams, sourceOf } from '../../protocols/telemetry.ts';
import { isLeaving } from '../../protocols/workloads.ts';

const messages = {
  down: { says: '{subject}: {why}, expected it to be ready.', fix: 'See the log of Loki for why it does not answer.' },
  silent: {
    says: '{subject}: no line has arrived in the last {window}, expected some.',
    fix: 'Check that the collector runs on its nodes and that the selector {selector} is right.',
  },
  podSilent: {
    says: '{subject}: no line of {pods} has arrived in the last {window}, expected lines of each ready pod.',
    fix: 'Look at the log collector on the nodes of those pods.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['logs', 'services'],
  properties: {
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
          name: { type: 'string', minLength: 1, description: 'Name for people.' },
          selector: { type: 'string', pattern: '^\\{.+\\}$', description: 'Its streams in LogQL: {app="api"}.' },
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
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface ServiceLines {
  readonly query: string;
  readonly counts: readonly LineCount[];
  readonly readyPods: readonly string[];
}
interface Gathered {
  /** Why Loki is down; then nothing else was asked. */
  readonly down?: string;
  readonly services: readonly ServiceLines[];
  readonly readings: readonly Reading[];
}

export const logStreams = defineCheck({
  meta: {
    kind: 'observability/log-streams',
    title: 'The log system receives lines of every service',
    why: 'The first question after an incident goes to the logs; a collector that stopped is noticed only then.',
    sees: 'Loki ready, and for each service the number of lines that arrived lately, for each of its ready pods. Not: whether every line arrives, or how long they are kept.',
    needs: ['http', 'cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ services, logsToken }: Params) => [
    ...[...new Set(services.map(({ namespace }) => namespace))].flatMap((namespace) => mayList([PODS], namespace)),
    ...mayReadSecrets([logsToken]),
  ],
  gather,
  judge,
});

async function gather(
  params: Params,
  { http, cluster }: Pick<Capabilities, 'http' | 'cluster'>,
  { fresh, now }: CheckContext,
): Promise<Gathered> {
  const { tenant } = params;
  const source = { ...sourceOf('Loki', params.logs, params.logsToken), ...(tenant === undefined ? {} : { tenant }) };
  const down = await notReady(http, source);
  if (down !== null) return { down, services: [], readings: [] };
  const window = promDuration(durationMs(params.window));
  const found = await Promise.all(
    params.services.map(async ({ selector, namespace, podSelector }) => {
      const query = `sum by (${params.podLabel}) (count_over_time(${selector}[${window}]))`;
      const [counts, { items, reading }] = await Promise.all([
        countLines(http, source, query),
        readList(cluster, PODS, { namespace, labelSelector: podSelector, fresh }),
      ]);
      const readyPods = items
        .filter((pod) => isReady(pod) && !isLeaving(pod, now))
        .map(({ metadata }) => metadata.name);
      return { reading, lines: { query, counts, readyPods } };
    }),
  );
  return { services: found.map(({ lines }) => lines), readings: found.map(({ reading }) => reading) };
}

function isReady(pod: KubeObject): boolean {
  return listAt(pod, 'status', 'conditions').some(
    (condition) => isRecord(condition) && condition['type'] === 'Ready' && condition['status'] === 'True',
  );
}

function judge(params: Params, gathered: Gathered): Judgement<Id> {
  if (gathered.down !== undefined)
    return judged(
      [{ message: 'down', subject: 'Loki', data: { why: gathered.down } }],
      [],
      [{ type: 'text', title: 'Loki', text: gathered.down }],
      '',
    );
  const window = formatMs(durationMs(params.window));
  const findings = params.services.flatMap((service, index): Finding<Id>[] => {
    const own = gathered.services[index] ?? { query: '', counts: [], readyPods: [] };
    const subject = `Logs of ${service.name}`;
    const speaking = new Set(own.counts.filter(({ lines }) => lines > 0).map(({ labels }) => labels[params.podLabel]));
    if (speaking.size === 0) return [{ message: 'silent', subject, data: { window, selector: service.selector } }];
    const silent = own.readyPods.filter((pod) => !speaking.has(pod));
    if (!params.eachPod || silent.length === 0) return [];
    return [{ message: 'podSilent', subject, data: { pods: nameList(silent), window } }];
  });
  const evidence = evidenceOf(params, gathered);
  const idle = params.services.filter((_, index) => gathered.services[index]?.readyPods.length === 0);
  if (findings.length === 0 && params.eachPod && idle.length > 0)
    return {
      outcome: 'inconclusive',
      reason: 'no-subjects',
      why: `${nameList(idle.map(({ name }) => name))}: no pod is ready, so nothing says whose lines must arrive. Correct podSelector, or start it.`,
      evidence,
    };
  return judged(
    findings,
    params.services.map(({ name }) => `Logs of ${name}`),
    evidence,
    '',
  );
}

function evidenceOf({ services, podLabel }: Params, gathered: Gathered): [Evidence, ...Evidence[]] {
  const rows = gathered.services.flatMap(({ counts, readyPods }, index) => {
    const pods = [...new Set([...readyPods, ...counts.map(({ labels }) => labels[podLabel] ?? '')])];
    return pods.map((pod) => [
      services[index]?.name ?? '',
      pod,
      readyPods.includes(pod),
      counts.find(({ labels }) => labels[podLabel] === pod)?.lines ?? 0,
    ]);
  });
  return [
    table('Lines that arrived', ['service', 'pod', 'ready', 'lines'], rows),
    table(
      'Queries',
      ['service', 'LogQL'],
      gathered.services.map(({ query }, index) => [services[index]?.name ?? '', query]),
    ),
    ...gathered.readings.map(readingEvidence),
  ];
}
