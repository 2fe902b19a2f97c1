/** Schedules of who is on call as a JSON Schema: the environment file and the params of kinds share it. */
import type { JSONSchema } from 'json-schema-to-ts';
import { address, caFile, secret, text } from './notify-fields.ts';

export const onCallSchema = {
  type: 'object',
  description: 'Where the schedule of who is on call is kept, from the environment file: ${environment.onCall.NAME}.',
  oneOf: [
    {
      title: 'pagerduty',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'url', 'token', 'schedule'],
      properties: {
        type: { const: 'pagerduty', description: 'A schedule of PagerDuty, of either generation.' },
        url: address('Host of the REST API: https://api.pagerduty.com.'),
        token: secret('Read-only key of the REST API.'),
        schedule: text('Id of the schedule, P….'),
        caFile,
      },
    },
    {
      title: 'pagerduty-policy',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'url', 'token', 'policy', 'levels'],
      properties: {
        type: { const: 'pagerduty-policy', description: 'The levels of an escalation policy of PagerDuty.' },
        url: address('Host of the REST API: https://api.pagerduty.com.'),
        token: secret('Read-only key of the REST API.'),
        policy: text('Id of the escalation policy, P….'),
        levels: { type: 'integer', minimum: 1, maximum: 20, description: 'Levels that somebody must stand on.' },
        caFile,
      },
    },
    {
      title: 'opsgenie',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'url', 'token', 'schedule'],
      properties: {
        type: { const: 'opsgenie', description: 'A schedule of Opsgenie.' },
        url: address('Host of its API: https://api.opsgenie.com or https://api.eu.opsgenie.com.'),
        token: secret('API key that may read it.'),
        schedule: text('Name of the schedule.'),
        caFile,
      },
    },
    {
      title: 'grafana-oncall',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'url', 'token', 'schedule'],
      properties: {
        type: { const: 'grafana-oncall', description: 'A schedule of Grafana OnCall or Grafana IRM.' },
        url: address('Host of its API.'),
        token: secret('Its API token.'),
        schedule: text('Id of the schedule.'),
        caFile,
      },
    },
    {
      title: 'icalendar',
      type: 'object',
      additionalProperties: false,
      required: ['type'],
      properties: {
        type: { const: 'icalendar', description: 'A calendar (RFC 5545) whose events are the shifts.' },
        url: address('Where it is fetched, or its host where the path is secret.'),
        path: secret('The path, where it is secret.'),
        file: text('Its file in the project, instead of an address.'),
        timeZone: text('Zone of times that name none: Europe/Berlin.'),
        caFile,
      },
    },
  ],
} as const satisfies JSONSchema;
