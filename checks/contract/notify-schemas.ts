/** Channels, contacts and the emergency procedure as JSON Schemas: the environment file and the params of kinds share them. */
import type { JSONSchema } from 'json-schema-to-ts';
import { address, caFile, mailAddress, secret, text } from './notify-fields.ts';
import { endpoint } from './param-schemas.ts';

/** A place where what has arrived can be read. Without one a message is at most accepted, never seen arriving. */
const readback = {
  type: 'object',
  additionalProperties: false,
  required: ['url'],
  description: 'Where what has arrived can be read: a GET whose answer holds the id of the message.',
  properties: {
    url: address('Its address; {id} stands for the id of the message.'),
    bearer: secret('Bearer token for it.'),
    caFile,
  },
} as const satisfies JSONSchema;

const slackWebhook = {
  title: 'slack-webhook',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'url', 'path'],
  properties: {
    type: { const: 'slack-webhook', description: 'An incoming webhook of Slack, or of what speaks like it.' },
    url: address('Its host: https://hooks.slack.com.'),
    path: secret('The path of the webhook, /services/…: it is the credential.'),
    caFile,
  },
} as const satisfies JSONSchema;
const slack = {
  title: 'slack',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'url', 'token', 'channel'],
  properties: {
    type: { const: 'slack', description: 'Slack’s Web API: chat.postMessage.' },
    url: address('Its host: https://slack.com.'),
    token: secret('The token of the bot.'),
    channel: text('Id of the channel, C0….'),
    caFile,
  },
} as const satisfies JSONSchema;
const pagerduty = {
  title: 'pagerduty',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'events', 'routingKey', 'api', 'token'],
  properties: {
    type: { const: 'pagerduty', description: 'PagerDuty: Events API v2, and the REST API to read back.' },
    events: address('Host of the Events API: https://events.pagerduty.com.'),
    routingKey: secret('Integration key of the service, 32 characters.'),
    api: address('Host of the REST API: https://api.pagerduty.com.'),
    token: secret('Read-only key of the REST API.'),
    service: text('Id of the service that is paged, P….'),
    policy: text('Id of its escalation policy, P….'),
    caFile,
  },
} as const satisfies JSONSchema;
/** Of a mail server; of the rehearsal’s it is known once it runs. */
export const mailPort = {
  type: 'integer',
  minimum: 1,
  maximum: 65_535,
  description: 'Its port: 587 (STARTTLS) or 465 (TLS).',
} as const;
const email = {
  title: 'email',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'host', 'port', 'from', 'to'],
  properties: {
    type: { const: 'email', description: 'Mail by SMTP.' },
    host: text('Host of the SMTP server.'),
    port: mailPort,
    implicitTls: { type: 'boolean', description: 'TLS from the first byte, as on port 465.' },
    serverName: text('Name that its certificate must carry, when it differs from host.'),
    caFile,
    username: text('User to log in as.'),
    password: secret('Password of that user.'),
    from: { ...mailAddress, description: 'Sender, an address that takes bounces.' },
    to: { type: 'array', minItems: 1, uniqueItems: true, items: mailAddress, description: 'Who gets it.' },
    readback,
  },
} as const satisfies JSONSchema;
const webhook = {
  title: 'webhook',
  type: 'object',
  additionalProperties: false,
  required: ['type', 'url', 'secret'],
  properties: {
    type: { const: 'webhook', description: 'A webhook signed by Standard Webhooks 1.0 (HMAC-SHA256).' },
    url: address('Where it is posted to.'),
    path: secret('A part of the path that is secret, where there is one.'),
    secret: secret('The key, whsec_ and Base64.'),
    caFile,
    readback,
  },
} as const satisfies JSONSchema;

export const channelSchema = {
  type: 'object',
  description: 'A channel that reaches people, from the environment file: ${environment.channels.NAME}.',
  oneOf: [slackWebhook, slack, pagerduty, email, webhook],
} as const satisfies JSONSchema;

/** Channels by name. */
export const channelsSchema = {
  type: 'object',
  minProperties: 1,
  propertyNames: { pattern: '^[A-Za-z][A-Za-z0-9-]*$' },
  additionalProperties: channelSchema,
  description: 'Channels by name, from the environment file: ${environment.channels}.',
} as const satisfies JSONSchema;

export const contactsSchema = {
  type: 'array',
  minItems: 1,
  description: 'Who is called, in this order, from the environment file: ${environment.contacts}.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['name', 'role', 'phone'],
    properties: {
      name: text('Who it is: a team or a person.'),
      role: text('What for: primary on-call, escalation …'),
      phone: {
        type: 'string',
        pattern: '^\\+[1-9][0-9 ()-]{3,24}$',
        description: 'Phone number with its country code, in quotes: "+1-555-0001".',
      },
      channel: text('Name of the channel that reaches this contact; without one a call is attested.'),
      address: { ...mailAddress, description: 'The contact’s own address, where that channel is mail.' },
    },
  },
} as const satisfies JSONSchema;

/** What the decision tree of an emergency may do. */
export const TREE_ACTIONS = ['rollback', 'stop', 'escalate'] as const;

/** Which emergency asks for what: looked at once, at the moment somebody declares an incident, so no branch waits for a breach to last. */
export const decisionTreeSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['branches'],
  description: 'The decision tree of an emergency: golive incident looks at every branch once and does what it says.',
  properties: {
    prometheus: { ...endpoint, description: 'Prometheus, for branches with a query.' },
    prometheusToken: secret('Bearer token for Prometheus, where it asks for one.'),
    alertmanager: { ...endpoint, description: 'Alertmanager, for branches with alerts.' },
    alertmanagerToken: secret('Bearer token for Alertmanager, where it asks for one.'),
    branches: {
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'above', 'action'],
        properties: {
          name: text('For people: Error rate.'),
          query: text('PromQL of one number.'),
          alerts: {
            type: 'object',
            minProperties: 1,
            additionalProperties: { type: 'string', minLength: 1 },
            description: 'Labels: alerts that carry all of them are counted, silenced ones too.',
          },
          above: { type: 'number', minimum: 0, description: 'Above this the branch is taken, at once.' },
          action: {
            type: 'string',
            enum: TREE_ACTIONS,
            description:
              'rollback: traffic goes back. stop: no more traffic moves, and what is there is kept to be looked into. escalate: the contact is told, who decides.',
          },
          contact: text('Of escalate: name of the contact.'),
        },
        oneOf: [{ required: ['query'] }, { required: ['alerts'] }],
        if: { properties: { action: { const: 'escalate' } } },
        then: { required: ['contact'] },
      },
    },
  },
} as const satisfies JSONSchema;

export const incidentSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['bridge', 'runbook', 'page', 'announce'],
  description: 'The emergency procedure, from the environment file: ${environment.incident}.',
  properties: {
    bridge: address('The conference that everybody joins.'),
    runbook: address('The runbook that is followed.'),
    page: text('Name of the channel that pages who is on call.'),
    announce: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: text('A channel.'),
      description: 'Names of the channels that are told.',
    },
    tree: decisionTreeSchema,
  },
} as const satisfies JSONSchema;

/** What of a run people may be told of. */
export const NOTIFY_EVENTS = [
  'phase-began',
  'no-go',
  'rollback',
  'emergency',
  'go',
  'sign-off-needed',
  'waiver-expires',
  'regression',
] as const;

export const notifySchema = {
  type: 'array',
  description: 'Which channel is told what of a run, while it goes on.',
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['channel', 'events'],
    properties: {
      channel: text('Name of a channel.'),
      events: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', enum: NOTIFY_EVENTS },
        description: 'What it is told. A pager is paged by it, and its page resolved by go.',
      },
      owners: {
        type: 'array',
        minItems: 1,
        uniqueItems: true,
        items: { type: 'string', minLength: 1 },
        description: 'Only of items of these roles, for regression; absent: of all.',
      },
      link: {
        type: 'string',
        pattern: '^https?://',
        description: 'Where a run can be looked up, for regression; {run} and {item} stand for their ids.',
      },
    },
  },
} as const satisfies JSONSchema;
