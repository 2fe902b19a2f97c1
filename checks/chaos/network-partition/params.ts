import { duration, endpoint, kubernetesName, servicePort } from '../../contract/param-schemas.ts';
import type { ParamProperties, ParamsOf } from '../../kit/kind.ts';
import { login } from '../../protocols/api-requests.ts';
import { path, statusCode } from '../../protocols/http-answers.ts';

const expectation = (description: string) =>
  ({
    type: 'object',
    additionalProperties: false,
    required: ['status'],
    description,
    properties: {
      status: { ...statusCode, description: 'Status of the answer.' },
      schema: { type: 'object', description: 'JSON Schema (2020-12) that its body must meet. Absent: any.' },
    },
  }) as const;

export const required = ['namespace', 'deployment', 'service', 'from', 'endpoint', 'requests'] as const;
export const params = {
  namespace: kubernetesName('Namespace of the Deployments.'),
  deployment: kubernetesName('Deployment whose pods are cut off from all other pods.'),
  service: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'port'],
    description: 'The Service in front of them, and its port: by it the cut is seen.',
    properties: { name: servicePort.name, port: servicePort.port },
  },
  from: kubernetesName('Deployment that calls the Service. Its pods need curl.'),
  endpoint,
  login,
  requests: {
    type: 'array',
    minItems: 1,
    description: 'What users ask for, and what they are answered: normally, and while the network is cut.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'normally'],
      properties: {
        method: { type: 'string', enum: ['GET', 'POST'], default: 'GET', description: 'Method of the request.' },
        path: path('Path of the request.'),
        json: { type: 'object', description: 'Body, sent as JSON.' },
        authenticated: { type: 'boolean', default: false, description: 'Sent with the token of the login.' },
        normally: expectation('The answer before and after.'),
        meanwhile: expectation(
          'The answer that is declared for the cut. Absent: the same as normally, nobody notices.',
        ),
      },
    },
  },
  answersWithin: duration('Longest time for each answer, also while the network is cut: nobody hangs.', '2s'),
  feltWithin: duration('Longest time until the policy cuts the call.', '15s'),
  degradesWithin: duration('Longest time until the answers are those declared for the cut.', '5s'),
  lasts: duration('How long they are asked for after that.', '10s'),
  recoversWithin: duration(
    'Longest time, once the policy is gone, until the answers are the normal ones again.',
    '30s',
  ),
  interval: duration('Time between two rounds of requests.', '500ms'),
} as const satisfies ParamProperties;
export type Params = ParamsOf<typeof params, (typeof required)[number]>;
export type Request = Params['requests'][number];
export type Expectation = Request['normally'];
