/** Shapes that params of many kinds share: what an environment file gives as objects, and the usual scalars. */
import type { JSONSchema } from 'json-schema-to-ts';
import { DURATION_PATTERN } from './units.ts';

/** A name as Kubernetes gives objects (RFC 1123 subdomain). */
export const NAME_PATTERN = '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;

/** A duration with its unit and a default: `duration('How long …', '30s')`. */
export const duration = <const D extends string>(description: string, byDefault: D) =>
  ({ type: 'string', pattern: DURATION_PATTERN, description, default: byDefault }) as const;

/** What a query looks back over, put in when it is asked. */
export const WINDOW_PLACEHOLDER = '${window}';
/** Tells the loader that a text holds it, and needs to: anywhere else `${window}` is a name nobody knows. */
export const WINDOW_PATTERN = '\\$\\{window\\}';

export const kubernetesName = (description: string) =>
  ({ type: 'string', pattern: NAME_PATTERN, description }) as const;

/** Namespaces to look at: at least one, each of which must hold something to judge. */
export const namespaceList = {
  type: 'array',
  minItems: 1,
  uniqueItems: true,
  items: kubernetesName('A namespace.'),
  description: 'Namespaces to look at. Each must hold something to judge.',
} as const satisfies JSONSchema;

/** Where a secret's value comes from; the value itself stands in no file of the gate. */
export const secretRef = {
  description: 'Where the value comes from: an environment variable, a file, or a key of a Kubernetes Secret.',
  oneOf: [
    {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'name'],
      properties: {
        from: { const: 'env', description: 'An environment variable of the process that runs the gate.' },
        name: text('Name of the variable.'),
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'path'],
      properties: {
        from: { const: 'file', description: 'A file on the machine that runs the gate.' },
        path: text('Path of the file.'),
        key: text('Member of the file, when it holds several.'),
      },
    },
    {
      type: 'object',
      additionalProperties: false,
      required: ['from', 'namespace', 'name', 'key'],
      properties: {
        from: { const: 'kubernetes-secret', description: 'A Secret of the cluster.' },
        namespace: kubernetesName('Namespace of the Secret.'),
        name: kubernetesName('Name of the Secret.'),
        key: text('Key in the Secret.'),
      },
    },
  ],
} as const satisfies JSONSchema;

/** How a PostgreSQL server is reached: `${environment.stores.NAME}`. */
export const store = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port', 'database', 'user'],
  description: 'The PostgreSQL server, from the environment file: ${environment.stores.NAME}.',
  properties: {
    host: text('Host name or address.'),
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'TCP port.' },
    database: text('Name of the database.'),
    user: text('Role to connect as.'),
    password: secretRef,
    tls: {
      description: 'How TLS is verified, or false for a connection without TLS.',
      oneOf: [
        { const: false },
        {
          type: 'object',
          additionalProperties: false,
          properties: {
            caFile: text('PEM file of the CA to verify with.'),
            serverName: text('Name that the certificate must carry, when it differs from host.'),
          },
        },
      ],
    },
  },
} as const satisfies JSONSchema;

/** How a Redis server is reached: `${environment.caches.NAME}`. */
export const redisStore = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port'],
  description: 'The Redis server, from the environment file: ${environment.caches.NAME}.',
  properties: {
    host: text('Host name or address.'),
    port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'TCP port.' },
    username: text('ACL user.'),
    password: secretRef,
    tls: store.properties.tls,
  },
} as const satisfies JSONSchema;

/** Where a service answers: `${environment.endpoints.NAME}`. */
export const endpoint = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  description: 'Where the service answers, from the environment file: ${environment.endpoints.NAME}.',
  properties: {
    url: { type: 'string', pattern: '^(https?://|\\$\\{rehearsal\\.)', description: 'Base URL, http or https.' },
    caFile: text('PEM file of the CA to trust besides those of the system.'),
  },
} as const satisfies JSONSchema;

/** A user name and where its password comes from: `${environment.credentials.NAME}`. */
export const credential = {
  type: 'object',
  additionalProperties: false,
  required: ['username', 'password'],
  description: 'Who to log in as, from the environment file: ${environment.credentials.NAME}.',
  properties: { username: text('User name.'), password: secretRef },
} as const satisfies JSONSchema;

/** A container registry: `${environment.registries.NAME}`. */
export const registry = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  description: 'The container registry, from the environment file: ${environment.registries.NAME}.',
  properties: { ...endpoint.properties, credential },
} as const satisfies JSONSchema;

/** One TCP port of a Service in the cluster. */
export const servicePort = {
  namespace: kubernetesName('Namespace of the Service.'),
  name: kubernetesName('Name of the Service.'),
  port: { type: 'integer', minimum: 1, maximum: 65_535, description: 'Port of the Service.' },
} as const;

/** Containers that may deviate, each with its reason; an exemption that matches nothing is reported. */
export const exemptions = {
  type: 'array',
  default: [],
  description: 'Containers that may deviate, each with the reason why.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['workload', 'container', 'reason'],
    properties: {
      workload: text('The workload as evidence names it, for example "DaemonSet mcp-production/node-agent".'),
      container: text('Name of the container, or * for the pod itself and every container of the workload.'),
      reason: { type: 'string', minLength: 10, description: 'Why it may deviate, in a sentence.' },
    },
  },
} as const satisfies JSONSchema;
