import { TRAFFIC_KINDS } from '../../contract/cutover.ts';
import { duration, endpoint, kubernetesName } from '../../contract/param-schemas.ts';
import type { ParamsOf } from '../../kit/kind.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const path = (description: string) => ({ type: 'string', pattern: '^/', description }) as const;

const names = (kind: string) =>
  ({
    type: 'array',
    uniqueItems: true,
    items: kubernetesName(`Name of a ${kind}.`),
    description: `Names of ${kind}s.`,
  }) as const;

const route = {
  type: 'object',
  additionalProperties: false,
  required: ['namespace', 'name', 'stable', 'canary'],
  properties: {
    kind: {
      type: 'string',
      enum: TRAFFIC_KINDS,
      default: 'HTTPRoute',
      description: 'What holds the weights. Ingress: the canary Ingress of ingress-nginx. VirtualService: of Istio.',
    },
    namespace: kubernetesName('Namespace of the object, its Services, the Deployments and the Lease.'),
    name: kubernetesName('Name of the object.'),
    rule: {
      oneOf: [
        { type: 'integer', minimum: 0 },
        { type: 'string', const: 'all' },
      ],
      default: 0,
      description: 'Which of its rules, counted from 0; all: each that has one of both Services.',
    },
    stable: kubernetesName('Service of the release that serves users now.'),
    canary: kubernetesName('Service of the release that goes live.'),
    subsets: {
      type: 'object',
      additionalProperties: false,
      required: ['stable', 'canary'],
      description: 'Of a VirtualService that splits one host by the subsets of its DestinationRule.',
      properties: {
        stable: kubernetesName('Subset of the release that serves users now.'),
        canary: kubernetesName('Subset of the release that goes live.'),
      },
    },
  },
} as const;

export const params = {
  route: { ...route, description: 'The object whose weights the cutover moves.' },
  together: {
    type: 'array',
    minItems: 1,
    items: route,
    description:
      'Objects that advance and go back with it, of services that are released together. Answers are counted of the first alone.',
  },
  version: {
    type: 'object',
    additionalProperties: false,
    required: ['canary'],
    description: 'How an answer tells which release it is from.',
    properties: {
      header: { ...text('Response header that names the version.'), default: 'x-golive-version' },
      canary: text('Its value where the release that goes live has answered.'),
    },
  },
  endpoint,
  path: path('Path, and query if any, that the cutover probes all the time; a GET that changes nothing.'),
  probeRate: { type: 'number', minimum: 1, maximum: 5000, default: 50, description: 'Probes a second.' },
  probeTimeout: duration('A probe without an answer for this long has failed.', '10s'),
  deployments: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: kubernetesName('Name of a Deployment.'),
    description: 'Deployments that a rollback brings back to the revision they have before the cutover.',
  },
  settings: {
    type: 'object',
    additionalProperties: false,
    required: [],
    default: {},
    description:
      'ConfigMaps and Secrets that these Deployments take: recorded before the cutover and put back by a rollback. One that they take and that is not named here refuses the cutover.',
    properties: {
      configMaps: { ...names('ConfigMap'), default: [] },
      secrets: { ...names('Secret'), default: [] },
    },
  },
  services: {
    type: 'array',
    minItems: 1,
    description: 'Critical services, asked through the API server all the time.',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'port', 'path'],
      properties: {
        name: kubernetesName('Name of the Service.'),
        port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port of the Service.' },
        path: path('Path that answers 2xx while it is well.'),
      },
    },
  },
  verify: {
    type: 'array',
    minItems: 1,
    uniqueItems: true,
    items: text('Id of an item.'),
    description: 'Items that are run again after a rollback: those that say whether users are served.',
  },
  lease: {
    ...kubernetesName('Lease that lets one cutover at a time work here.'),
    default: 'golive-cutover',
  },
  rollbackWithin: duration('How long a rollback may take until everything is verified.', '5m'),
} as const;

export const required = ['route', 'version', 'endpoint', 'path', 'deployments', 'services', 'verify'] as const;
export type Params = ParamsOf<typeof params, (typeof required)[number]>;
