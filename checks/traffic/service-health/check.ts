import type { ClusterReader } from '../../contract/cluster.ts';
import type { HttpAnswer } from '../../contract/http.ts';
import { duration, servicePort } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { kind, ObservationError } from '../../kit/kind.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { ENDPOINT_SLICES, mayList } from '../../protocols/kubernetes.ts';
import { judge, messages, type ServiceSeen } from './judge.ts';

/** What services say of a part that is not well. */
const UNHEALTHY =
  'down fail failed failing failure unhealthy unavailable degraded impaired out_of_service error fatal critical red bad ko nok dead stopped crashed broken lost outage maintenance timeout timed_out refused not_ok not_healthy not_serving not_ready not_connected disconnected unreachable inaccessible offline'.split(
    ' ',
  );
/** What they say of themselves when they are: a word, or `healthy: true`. */
const HEALTHY =
  'ok healthy up pass passing success serving alive live ready available operational running green pong true'.split(
    ' ',
  );

export const serviceHealth = kind('traffic/service-health', {
  title: 'Every service answers that it is healthy',
  why: 'A rollout may be complete while the service behind it answers errors.',
  sees: [
    'The health path of each service through the API server’s service proxy, several times in a row: the word in its JSON or by itself, that no cache answered and, with version, which release it was.',
    'That no part it names is unwell, by word, truth value, status code or list of errors.',
    'That all endpoints of the service are ready.',
  ],
  not: ['The way users come in.', 'Each endpoint by itself.'],
  needs: ['cluster'],
  required: ['services'],
  params: {
    services: {
      type: 'array',
      minItems: 1,
      description: 'The services, each of which must be healthy.',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['namespace', 'name', 'port'],
        properties: {
          ...servicePort,
          path: { type: 'string', pattern: '^/', default: '/health', description: 'Path of the health answer.' },
        },
      },
    },
    field: {
      type: 'string',
      minLength: 1,
      description:
        'Member of the JSON answer that says how the service is. Absent: status, state, health, healthy, ok, alive, up, ready, success or serving, the first that is there; or an answer of one word.',
    },
    healthy: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', description: 'A word.' },
      default: HEALTHY,
      description: 'Values of it that mean healthy, in any case.',
    },
    unhealthy: {
      type: 'array',
      items: { type: 'string', description: 'A word.' },
      default: UNHEALTHY,
      description:
        'Values that mean unhealthy wherever they stand in the answer, by themselves or at the end of a longer word: parts that a service names, in any case.',
    },
    ignored: {
      type: 'array',
      items: { type: 'string', minLength: 1, description: 'A dotted path, for example checks.beta.' },
      default: [],
      description: 'Members of the answer that look like a part and say nothing of health.',
    },
    version: {
      type: 'string',
      minLength: 1,
      description: 'Version that every answer must name: another release must not make this one green. Absent: any.',
    },
    versionField: {
      type: 'string',
      minLength: 1,
      default: 'version',
      description: 'Member of the JSON answer that names the version.',
    },
    answers: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 3,
      description: 'Consecutive answers that must be healthy; the proxy picks an endpoint for each.',
    },
    interval: duration('Time between two answers.', '200ms'),
    minReady: {
      type: 'integer',
      minimum: 1,
      default: 1,
      description: 'Ready endpoints each service must have.',
    },
  },
  messages,
  rights: ({ services }) => [
    ...[...new Set(services.map(({ namespace }) => namespace))].flatMap((namespace) =>
      mayList([ENDPOINT_SLICES], namespace),
    ),
    ...services.map(({ namespace, name, port }) => ({
      namespace,
      groups: [''],
      resources: ['services/proxy'],
      verbs: ['get'],
      resourceNames: [`${name}:${port}`],
    })),
  ],
  judge,

  async gather({ services, answers: wanted, interval }, { cluster }, context) {
    const look = async ({ namespace, name, port, path }: (typeof services)[number]): Promise<ServiceSeen> => {
      const labelSelector = `kubernetes.io/service-name=${name}`;
      const { items } = await cluster.list(ENDPOINT_SLICES, { namespace, labelSelector, fresh: context.fresh });
      const answers: ServiceSeen['answers'][number][] = [];
      const seen = { namespace, name, port, path, answers, endpoints: endpointsOf(items) };
      while (answers.length < wanted) {
        if (answers.length > 0) await context.wait(durationMs(interval));
        const answer = await answerInTime(cluster, { namespace, name, port }, path);
        if ('why' in answer) return { ...seen, hung: answer.why };
        const { status, body, ms, truncated, headers } = answer;
        const age = Number(headers['age'] ?? 'not said');
        answers.push({ status, body: truncated ? '' : body, ms: Math.round(ms), ...(age >= 0 ? { age } : {}) });
      }
      return seen;
    };
    return { services: await Promise.all(services.map(look)) };
  },
});

/**
 * The answer, or why there was none in time. An API server that cannot be reached is nobody's health and throws; but where it
 * answers for the Service itself at once, it was the service behind it that did not answer.
 */
async function answerInTime(
  cluster: ClusterReader,
  service: { readonly namespace: string; readonly name: string; readonly port: number },
  path: string,
): Promise<HttpAnswer | { readonly why: string }> {
  try {
    return await cluster.proxyService(service, path);
  } catch (error) {
    if (!(error instanceof ObservationError) || error.code !== 'timeout') throw error;
    await cluster.list(ENDPOINT_SLICES, { namespace: service.namespace, fresh: true });
    return { why: error.message };
  }
}
