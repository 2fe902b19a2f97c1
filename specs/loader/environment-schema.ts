/** JSON Schema of `fixtures/environments/<name>.yaml`. */
import type { JSONSchema } from 'json-schema-to-ts';
import { changesSchema } from '../../checks/contract/change-schemas.ts';
import { MUTATIONS } from '../../checks/contract/environment.ts';
import { keyMetrics } from '../../checks/post-deployment/metrics.ts';
import {
  channelSchema,
  contactsSchema,
  incidentSchema,
  notifySchema,
  onCallSchema,
} from '../../checks/contract/notify-schemas.ts';
import { NAMED_PATTERN, REASONED_PATTERN } from './people/words.ts';

const text = { type: 'string', minLength: 1 } as const;
export const portSchema = { type: 'integer', minimum: 1, maximum: 65535 } as const;

export const urlSchema = {
  type: 'string',
  pattern: '^https?://[^\\s/@]+(/\\S*)?$',
  description: 'http:// or https://, a host, and no user or password',
} as const;
export const dnsServerSchema = {
  type: 'string',
  pattern: '^(https?://)?(\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-fA-F:]+\\]):\\d{1,5}$',
  description: 'an address and a port, 10.0.0.2:53',
} as const;

/** Where a secret comes from; never the secret. */
export const secretRefSchema = {
  type: 'object',
  oneOf: [
    {
      title: '{from: env, name}',
      type: 'object',
      additionalProperties: false,
      required: ['from', 'name'],
      properties: {
        from: { const: 'env' },
        name: {
          type: 'string',
          pattern: '^[A-Za-z_][A-Za-z0-9_]*$',
          description: 'the name of an environment variable',
        },
      },
    },
    {
      title: '{from: file, path, key?}',
      type: 'object',
      additionalProperties: false,
      required: ['from', 'path'],
      properties: { from: { const: 'file' }, path: text, key: text },
    },
    {
      title: '{from: kubernetes-secret, namespace, name, key}',
      type: 'object',
      additionalProperties: false,
      required: ['from', 'namespace', 'name', 'key'],
      properties: { from: { const: 'kubernetes-secret' }, namespace: text, name: text, key: text },
    },
  ],
} as const satisfies JSONSchema;

/** How TLS is verified, or that there is none. */
export const tlsSchema = {
  oneOf: [
    { title: 'false', const: false },
    {
      title: '{caFile?, serverName?}',
      type: 'object',
      additionalProperties: false,
      properties: { caFile: text, serverName: text },
    },
  ],
} as const satisfies JSONSchema;

const storeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port', 'database', 'user'],
  properties: {
    host: text,
    port: portSchema,
    database: text,
    user: text,
    password: secretRefSchema,
    tls: tlsSchema,
  },
} as const satisfies JSONSchema;

const endpointSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: {
    url: urlSchema,
    caFile: text,
  },
} as const satisfies JSONSchema;

const redisSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['host', 'port'],
  properties: {
    host: text,
    port: portSchema,
    username: text,
    password: secretRefSchema,
    tls: tlsSchema,
  },
} as const satisfies JSONSchema;

const credentialSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['username', 'password'],
  properties: { username: text, password: secretRefSchema },
} as const satisfies JSONSchema;

const registrySchema = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  properties: { ...endpointSchema.properties, credential: credentialSchema },
} as const satisfies JSONSchema;

const names = { pattern: '^[A-Za-z][A-Za-z0-9-]*$' } as const;

export const environmentSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'name', 'kubeconfig', 'namespaces'],
  properties: {
    apiVersion: { const: 'golive/v1', description: 'The format of this file' },
    name: { type: 'string', pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$', description: 'The file name without .yaml' },
    rehearsal: {
      type: 'boolean',
      default: false,
      description: 'The embedded platform; nothing in it may reach anything real',
    },
    kubeconfig: {
      type: 'object',
      additionalProperties: false,
      required: ['path', 'context'],
      properties: { path: text, context: text },
      description: 'The kubeconfig file and the context in it; KUBECONFIG is not read',
    },
    namespaces: {
      type: 'object',
      propertyNames: names,
      additionalProperties: {
        type: 'string',
        pattern: '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$',
        description: 'a namespace name',
      },
    },
    endpoints: { type: 'object', propertyNames: names, additionalProperties: endpointSchema, default: {} },
    stores: { type: 'object', propertyNames: names, additionalProperties: storeSchema, default: {} },
    caches: { type: 'object', propertyNames: names, additionalProperties: redisSchema, default: {} },
    registries: { type: 'object', propertyNames: names, additionalProperties: registrySchema, default: {} },
    dns: {
      type: 'object',
      additionalProperties: false,
      required: ['servers'],
      properties: {
        servers: {
          type: 'array',
          minItems: 1,
          items: dnsServerSchema,
        },
      },
      description: 'DNS servers that resolve the names of the endpoints; the resolver of this machine when absent',
    },
    credentials: { type: 'object', propertyNames: names, additionalProperties: credentialSchema, default: {} },
    keyMetrics: {
      ...keyMetrics,
      description: 'The metrics by which the release is watched after the approval, as they are asked for here',
    },
    channels: { type: 'object', propertyNames: names, additionalProperties: channelSchema },
    contacts: contactsSchema,
    incident: incidentSchema,
    notify: notifySchema,
    onCall: { type: 'object', propertyNames: names, additionalProperties: onCallSchema },
    changes: changesSchema,
    folders: {
      type: 'object',
      propertyNames: names,
      additionalProperties: { type: 'string', pattern: '^[^/]', description: 'a folder, relative to the project' },
      default: {},
    },
    mutations: { type: 'array', uniqueItems: true, items: { type: 'string', enum: MUTATIONS }, default: [] },
    preconditions: { enum: ['enforce', 'report'], default: 'enforce' },
    overrides: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['item', 'param', 'value', 'why'],
        properties: {
          item: text,
          param: {
            type: 'string',
            pattern: '^[A-Za-z][A-Za-z0-9]*(\\.[A-Za-z][A-Za-z0-9]*)*$',
            description: 'a parameter, dotted when nested',
          },
          value: {},
          why: { type: 'string', pattern: REASONED_PATTERN, description: 'the reason, for the report' },
          approver: { type: 'string', pattern: NAMED_PATTERN, description: 'who answers for it, by name' },
          expires: { type: 'string', description: 'when it ends, within a year: 2027-03-31T00:00:00Z' },
        },
      },
    },
    compression: {
      type: 'number',
      minimum: 1,
      default: 1,
      description: 'Declared windows are divided by this; 1 outside the rehearsal',
    },
  },
} as const satisfies JSONSchema;
