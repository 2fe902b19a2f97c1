/** When traffic may be moved, as an environment file says it: calendars, rules of the week and single spans. */
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import { onCallSchema } from './notify-schemas.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const timeOfDay = (description: string) =>
  ({ type: 'string', pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description }) as const;
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

const [, , , , calendar] = onCallSchema.oneOf;

export const changeSpansSchema = {
  type: 'object',
  description: 'Spans of time: a calendar, a rule of the week, or one span.',
  oneOf: [
    {
      ...calendar,
      properties: {
        ...calendar.properties,
        type: { const: 'icalendar', description: 'A calendar (RFC 5545); each of its events is a span.' },
      },
    },
    {
      title: 'weekly',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'days', 'from', 'to', 'timeZone'],
      properties: {
        type: { const: 'weekly', description: 'The same hours of some days of each week.' },
        name: text('What people call it.'),
        days: {
          type: 'array',
          minItems: 1,
          uniqueItems: true,
          items: { type: 'string', enum: WEEKDAYS },
          description: 'Days on which it begins.',
        },
        from: timeOfDay('When it begins, by the clocks of the zone: 09:00.'),
        to: timeOfDay('When it ends; not after from: on the next day.'),
        timeZone: text('Zone of its times: Europe/Berlin.'),
      },
    },
    {
      title: 'span',
      type: 'object',
      additionalProperties: false,
      required: ['type', 'name', 'from', 'to'],
      properties: {
        type: { const: 'span', description: 'One span.' },
        name: text('What people call it.'),
        from: { type: 'string', format: 'date-time', description: 'When it begins (RFC 3339).' },
        to: { type: 'string', format: 'date-time', description: 'When it ends (RFC 3339).' },
      },
    },
  ],
} as const satisfies JSONSchema;

const spans = (description: string) => ({ type: 'array', minItems: 1, items: changeSpansSchema, description }) as const;

export const changesSchema = {
  type: 'object',
  additionalProperties: false,
  minProperties: 1,
  description: 'When traffic may be moved here: ${environment.changes.windows}, ${environment.changes.freezes}.',
  properties: {
    windows: spans('Spans in which traffic may be moved; at any time when absent.'),
    freezes: spans('Spans in which it may not, whatever the windows say.'),
  },
} as const satisfies JSONSchema;

export type ChangeSpans = FromSchema<typeof changeSpansSchema>;
export type ChangeCalendars = FromSchema<typeof changesSchema>;
