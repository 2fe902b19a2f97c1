/** JSON Schemas of `waivers.yaml` and `attestations/*.yaml`, beside the checklist. */
import type { JSONSchema } from 'json-schema-to-ts';
import { API_VERSION } from '../schemas.ts';
import { NAMED_PATTERN, REASONED_PATTERN } from './words.ts';

const apiVersion = { const: API_VERSION, description: 'The format of this file' } as const;
const text = (description: string) => ({ type: 'string', minLength: 1, maxLength: 1000, description }) as const;
const named = (description: string) => ({ ...text(description), pattern: NAMED_PATTERN }) as const;
const reasoned = (description: string) => ({ ...text(description), pattern: REASONED_PATTERN }) as const;
const common = {
  item: text('Id of the item'),
  environment: text("The environment's name"),
  release: text("The release's version, or name@version"),
  approver: named('Who answers for it, by name'),
  expires: text('When it ends, within a year, RFC 3339: 2027-03-31T00:00:00Z'),
} as const;

export const waiversSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'waivers'],
  properties: {
    apiVersion,
    waivers: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['item', 'environment', 'release', 'reason', 'approver', 'ticket', 'expires'],
        properties: {
          ...common,
          reason: reasoned('Why the release may go on without it'),
          ticket: named('Where putting it right is tracked'),
          subject: text('Covers the findings about this subject only, as the report names it'),
        },
      },
    },
  },
} as const satisfies JSONSchema;

export const attestationsSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'attestations'],
  properties: {
    apiVersion,
    attestations: {
      type: 'array',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['item', 'environment', 'release', 'role', 'approver', 'statement', 'expires'],
        properties: {
          ...common,
          role: text("One of the checklist's roles"),
          statement: reasoned('What is vouched for, in words'),
          ticket: named('Where it is recorded'),
          evidence: text('Where others can look it up: a link, or a file of the project'),
        },
      },
    },
  },
} as const satisfies JSONSchema;
