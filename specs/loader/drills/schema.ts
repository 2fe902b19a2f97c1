/** JSON Schema of `drills/*.yaml`, beside the checklist. */
import type { JSONSchema } from 'json-schema-to-ts';
import { INCONCLUSIVE, UNOBSERVED } from '../../../checks/kit/verdict.ts';
import { API_VERSION, ITEM_ID_PATTERN, NAME_PATTERN } from '../schemas.ts';

const literal = { type: ['string', 'number', 'boolean'] } as const;
const pattern = (description: string) =>
  ({
    anyOf: [literal, { type: 'array', minItems: 2, items: literal }],
    description: `${description}: exact, or a text in which * stands for any text and ? for any character; of a list one must match`,
  }) as const;
const messageId = { type: 'string', minLength: 1 } as const;
const itemId = { type: 'string', pattern: ITEM_ID_PATTERN, description: 'Id of an item' } as const;
const why = { type: 'string', minLength: 1, description: 'Why it may turn red' } as const;

const findings = {
  type: 'array',
  minItems: 1,
  items: {
    type: 'object',
    additionalProperties: false,
    required: ['id'],
    properties: {
      id: {
        anyOf: [messageId, { type: 'array', minItems: 2, uniqueItems: true, items: messageId }],
        description: "Id of one of the kind's messages; of a list one must be there",
      },
      subject: pattern('What it is about, as people read it: Deployment shop/api'),
      data: {
        type: 'object',
        minProperties: 1,
        additionalProperties: pattern("A value of the finding's data"),
        description: "By the names that the kind's message has in braces",
      },
    },
  },
} as const;

const fail = {
  type: 'object',
  additionalProperties: false,
  required: ['outcome'],
  minProperties: 2,
  properties: {
    outcome: { const: 'fail' },
    findings: { ...findings, description: "Each must be among the item's findings" },
    anyOf: { type: 'array', minItems: 2, items: findings, description: 'All of at least one of these lists must be' },
  },
} as const;
const error = {
  type: 'object',
  additionalProperties: false,
  required: ['outcome', 'reason'],
  properties: {
    outcome: { const: 'error' },
    reason: { enum: UNOBSERVED, description: 'Why it could not look' },
    detail: pattern('The case within the reason: refused, http-401, WRONGPASS'),
  },
} as const;
const inconclusive = {
  type: 'object',
  additionalProperties: false,
  required: ['outcome', 'doubts'],
  properties: {
    outcome: { const: 'inconclusive' },
    doubts: {
      type: 'array',
      minItems: 1,
      description: "Each must be among the item's doubts",
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['reason'],
        properties: {
          reason: { enum: INCONCLUSIVE, description: 'Why nobody knows' },
          detail: pattern('The case within the reason'),
          subject: pattern('What it is about'),
        },
      },
    },
  },
} as const;

const consequence = {
  type: 'object',
  additionalProperties: false,
  required: ['items', 'why'],
  properties: { items: { type: 'array', minItems: 1, uniqueItems: true, items: itemId }, why },
} as const;

export const drillsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion'],
  properties: {
    apiVersion: { const: API_VERSION, description: 'The format of this file' },
    groups: {
      type: 'object',
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: { type: 'array', minItems: 1, items: consequence },
      description: 'Consequences that several faults share, by name: all files of the folder may name them',
    },
    drills: {
      type: 'object',
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['changes'],
        properties: {
          changes: {
            type: 'object',
            minProperties: 1,
            propertyNames: { pattern: ITEM_ID_PATTERN },
            additionalProperties: { oneOf: [fail, error, inconclusive] },
            description: 'What must become of items while the fault lasts',
          },
          mayChange: {
            type: 'array',
            minItems: 1,
            items: { anyOf: [{ type: 'string', pattern: NAME_PATTERN, description: 'A group' }, consequence] },
            description:
              'Other items that may turn red: a group, or items and why. Whatever is named neither here nor in changes must not move',
          },
        },
      },
      description: 'By the name of the fault: golive rehearse --list names all',
    },
  },
} as const satisfies JSONSchema;
