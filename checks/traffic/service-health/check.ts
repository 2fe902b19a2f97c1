import type { ClusterReader } from '../../contract/cluster.ts';
import type { HttpAnswer } from '../../contract/http.ts';
import { duration, servicePort } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import {
  defineCheck,
  ObservationError,
  type Capabilities,
  type CheckContext,
  type FromSchema,
  type JSONSchema,
} from '../../kit/define-check.ts';
import { endpointsOf } from '../../protocols/endpoints.ts';
import { ENDPOINT_SLICES, mayList, readList } from '../../protocols/kubernetes.ts';
import { judge, messages, type Gathered, type ServiceSeen } from './judge.ts';

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['services'],
  properties: {
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
      default: 'status',
      description: 'Member of the JSON answer that says how the service is.',
    },
    healthy: {
      type: 'array',
      minItems: 1,
      items: { type: 'string', description: 'A word.' },
      default: ['ok', 'healthy', 'up', 'pass'],
      description: 'Values of that member that mean healthy, in any case.',
    },
    unhealthy: {
      type: 'array',
      items: { type: 'string', description: 'A word.' },
      default: ['down', 'fail', 'failed', 'failing', 'unhealthy', 'unavailable', 'degraded', 'out_of_service'],
      description:
        'Values that mean unhealthy wherever they stand in the answer: parts that a service names, in any case.',
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
} as const satisfies JSONSchema;
export type Params = FromSchema<typeof params>;

export const serviceHealth = defineCheck({
  meta: {
    kind: 'traffic/service-health',
    title: 'Every service answers that it is healthy',
    why: 'A rollout may be complete while the service behind it answers errors.',
    sees: 'The health path of each service through the API server’s service proxy, several times in a row, the word in its JSON, that no part it names is down, no cache answered and, with version, which release it was, and that all endpoints of the service are ready. Not: the way users come in, and not each endpoint by itself.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: ({ services }: Params) => [
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
  gather: async (
    params: Params,
    { cluster }: Pick<Capabilities, 'cluster'>,
    context: CheckContext,
  ): Promise<Gathered> => ({
    services: await Promise.all(params.services.map((service) => look(service, params, cluster, context))),
  }),
  judge,
});

async function look(
  service: Params['services'][number],
  { answers, interval }: Params,
  cluster: ClusterReader,
  context: CheckContext,
): Promise<ServiceSeen> {
  const { namespace, name, port, path } = service;
  const { items, reading } = await readList(cluster, ENDPOINT_SLICES, {
    namespace,
    labelSelector: `kubernetes.io/service-name=${name}`,
    fresh: context.fresh,
  });
  const seen: ServiceSeen['answers'][number][] = [];
  for (let asked = 0; asked < answers; asked += 1) {
    if (asked > 0) await context.wait(durationMs(interval));
    const answer = await answerInTime(cluster, { namespace, name, port }, path);
    if ('why' in answer)
      return { namespace, name, port, path, answers: seen, endpoints: endpointsOf(items), reading, hung: answer.why };
    const { status, body, ms, truncated, headers } = answer;
    const age = Number(headers['age'] ?? 'not said');
    seen.push({ status, body: truncated ? '' : body, ms: Math.round(ms), ...(age >= 0 ? { age } : {}) });
  }
  return { namespace, name, port, path, answers: seen, endpoints: endpointsOf(items), reading };
}

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
