import { endpoint } from '../../contract/param-schemas.ts';
import { attempt, kind } from '../../kit/kind.ts';
import { mayReadSecrets } from '../../protocols/kubernetes.ts';
import { query } from '../../protocols/prometheus.ts';
import { prometheusOf, prometheusParams } from '../../protocols/telemetry.ts';
import { judge, messages } from './judge.ts';
import { askOperation } from './asking.ts';

export const apiDescription = kind('documents/api-description', {
  title: 'The API document and the served API agree',
  why: 'Clients are written against the document: an operation that answers otherwise breaks all of them, and one that nobody wrote down is one that nobody protects.',
  sees: [
    'The document is valid OpenAPI 3 and of this version.',
    'Each public GET, asked with the document’s examples, answers with a status that is listed and a body that meets its schema.',
    'Each protected operation refuses a request without a credential with a status that is listed; it is sent no body, and names nothing that exists.',
    'Each other operation is served: the path names its method in Allow, or clients use it by the service’s own metrics.',
    'No route and status in the service’s metrics that the document lacks, where the item says the query.',
  ],
  not: [
    'Bodies of protected operations.',
    'Statuses that a gateway adds (429, 502, 503), redirects, HEAD and OPTIONS.',
    'Operations of Swagger 2.',
  ],
  needs: ['files', 'http'],
  params: {
    document: {
      type: 'string',
      pattern: '\\.(ya?ml|json)$',
      description: 'Path of the OpenAPI document in the project: one file.',
    },
    endpoint,
    version: { type: 'string', minLength: 1, description: 'The version that goes live: ${release.version}.' },
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      default: {},
      description: 'Headers of every request.',
    },
    prometheus: { ...prometheusParams.prometheus },
    prometheusToken: prometheusParams.prometheusToken,
    routes: {
      type: 'string',
      minLength: 1,
      description:
        'PromQL of requests by the labels method, route and status: what the service itself says that it serves. Needs prometheus.',
    },
    unlisted: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: ['/health', '/ready', '/metrics', '(none)'],
      description: 'Routes that no client is meant to know: the document need not have them.',
    },
  },
  required: ['document', 'endpoint', 'version'],
  rules: { dependentRequired: { routes: ['prometheus'] } },
  messages,
  rights: ({ prometheusToken }) => mayReadSecrets([prometheusToken]),

  async gather(params, { files, http }) {
    const { seen: text, refusal } = await attempt(() => files.read(params.document));
    if (text === undefined) return { refusal, description: null, answers: [], routes: [] };
    // Loads a parser and its schemas: nobody else needs them.
    const { readDescription } = await import('./openapi.ts');
    const description = await readDescription(text);
    const { prometheus, routes: expression } = params;
    const [routes, ...answers] = await Promise.all([
      prometheus && expression !== undefined
        ? attempt(() => query(http, prometheusOf({ ...params, prometheus }), expression))
        : undefined,
      ...description.operations.map((operation) => askOperation(http, params, operation, description.operations)),
    ]);
    // Schemas have done their work.
    const operations = description.operations.map(({ method, path, statuses, isProtected }) => ({
      method,
      path,
      statuses,
      isProtected,
    }));
    return {
      description: { ...description, operations },
      answers,
      routes: (routes?.seen ?? []).map(({ labels, value }) => ({
        method: labels['method'] ?? '',
        route: labels['route'] ?? '',
        status: labels['status'] ?? '',
        count: value,
      })),
      routesRefused: routes?.refusal,
    };
  },
  judge,
});
