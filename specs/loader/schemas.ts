/** JSON Schemas of the checklist's own files. Kinds' params have their own, in the kinds. */
import type { JSONSchema } from 'json-schema-to-ts';
import { EXPORT_NAMES } from '../../checks/contract/exports.ts';
import { SEVERITIES } from '../../checks/contract/outcome.ts';
import { PHASES } from '../../checks/contract/plan.ts';
import { DURATION_PATTERN } from '../../checks/contract/units.ts';
import { authorsSchema, roleSchema, signingSchema } from './people/signing.ts';
import { upkeepProperties } from './upkeep.ts';

export const API_VERSION = 'golive/v1';
/** Described, not built yet. */
export const PLANNED_KIND = 'planned';
export const ITEM_ID_PATTERN = '^[A-Z][A-Z0-9]{0,3}-[A-Z0-9]{2,4}-[0-9]{3}$';
export const NAME_PATTERN = '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$';

const duration = (description: string) =>
  ({
    type: 'string',
    pattern: DURATION_PATTERN,
    description: `${description}: a number and a unit, for example 30s, 5m, 24h`,
  }) as const;
const apiVersion = { const: API_VERSION, description: 'The format of this file' } as const;
const name = { type: 'string', pattern: NAME_PATTERN, description: 'Small letters, digits and hyphens' } as const;

/** A scheduled verification; `cron` is what a CronJob of Kubernetes takes. */
export const scheduleSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['name', 'cron', 'phase', 'deadline'],
  properties: {
    // The CronJob is called golive-NAME, and its Jobs add eleven characters to that.
    name: { ...name, maxLength: 40 },
    cron: { type: 'string', minLength: 1, description: "Five fields, or @hourly, @daily, @weekly: '7 * * * *'" },
    timeZone: { type: 'string', minLength: 1, description: 'A name of the IANA database (Etc/UTC)' },
    phase: { enum: PHASES, description: 'The phase that is judged' },
    items: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', pattern: '^[A-Z][A-Z0-9-]*$' },
      description: 'How the ids of its items begin; absent: all of the phase',
    },
    deadline: duration('After which a run that has not ended is ended'),
  },
} as const satisfies JSONSchema;

export const checklistSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'name', 'phases', 'roles', 'release'],
  properties: {
    apiVersion,
    name,
    phases: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'The phase files, in order, relative to this file',
    },
    roles: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: NAME_PATTERN },
      additionalProperties: roleSchema,
      description: 'Who may own items and sign: a name and who that is, or {title, signers, quorum}',
    },
    schedules: {
      type: 'array',
      items: scheduleSchema,
      description: 'Verification after go-live: CronJobs of k8s/gate, written by golive generate',
    },
    signing: signingSchema,
    ...upkeepProperties,
    release: {
      type: 'object',
      additionalProperties: false,
      required: ['name', 'version'],
      properties: {
        name,
        version: {
          type: 'string',
          pattern: '^[A-Za-z0-9][A-Za-z0-9._+-]*$',
          description: 'The version to release; GOLIVE_RELEASE replaces it',
        },
        commit: {
          type: 'string',
          pattern: '^[0-9a-f]{40}$',
          description:
            'The git commit it was built from; GOLIVE_COMMIT replaces it, and HEAD of this repository is it when both are absent',
        },
        authors: authorsSchema,
      },
    },
    reports: {
      type: 'object',
      additionalProperties: false,
      properties: {
        exports: {
          type: 'array',
          uniqueItems: true,
          items: { enum: EXPORT_NAMES },
          description:
            'Formats that each run writes into reports/out/exports/; golive export --list says what each cannot carry',
        },
      },
    },
  },
} as const satisfies JSONSchema;

/** The phase file without its items, which are validated one by one. */
export const phaseSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'phase', 'title', 'order', 'items'],
  properties: {
    apiVersion,
    phase: { enum: PHASES, description: 'The phase, which is also the Playwright project' },
    title: { type: 'string', minLength: 1, maxLength: 120 },
    order: { enum: ['parallel', 'sequential'], description: 'Whether its items run beside or after one another' },
    maxAge: duration('How long evidence of its items may stand in for a new run (24h)'),
    sections: {
      type: 'object',
      propertyNames: { pattern: '^[A-Z][A-Z0-9]{0,3}-[A-Z0-9]{2,4}$' },
      additionalProperties: { type: 'string', minLength: 1, maxLength: 120 },
      description: 'Headings for the report, by what the ids below them begin with',
    },
    items: { type: 'array', minItems: 1, description: 'The items; a phase without any could never be decided' },
  },
} as const satisfies JSONSchema;

/** An item without its params. */
export const itemSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['id', 'title', 'kind', 'source', 'severity', 'owner'],
  properties: {
    id: {
      type: 'string',
      pattern: ITEM_ID_PATTERN,
      description: 'Stable and never used again, for example P1-NET-002',
    },
    title: {
      type: 'string',
      maxLength: 120,
      pattern: '^\\S([^\\n\\r]*\\S)?$',
      description: 'The good state in words, on one line',
    },
    kind: { type: 'string', minLength: 1, description: 'What verifies it: a kind of checks/CATALOG.md, or planned' },
    source: { type: 'integer', minimum: 1, description: 'Line of the written checklist it stands for' },
    severity: { enum: SEVERITIES, description: 'critical and major block; minor is listed and counted' },
    owner: { type: 'string', minLength: 1, description: 'One of the roles of checklist.yaml' },
    role: { type: 'string', minLength: 1, description: 'The role that attests or signs it' },
    params: { type: 'object', description: 'What the kind is told; see checks/CATALOG.md' },
    when: { type: 'string', minLength: 1, description: 'CEL over environment and release: does the item apply?' },
    allowNotApplicable: { type: 'boolean', description: 'May it count as good when it does not apply? (false)' },
    expectSubjects: {
      type: 'string',
      pattern: '^(>=|==) ?[1-9][0-9]*$',
      description: '">=1" or "==3": how many things must have been judged (>=1)',
    },
    waivable: { type: 'boolean', description: 'May its failure be waived? (true)' },
    dueBy: { enum: PHASES, description: 'The phase it blocks while it waits for a person (its own)' },
    onFailure: { enum: ['report', 'rollback'], description: 'What its failure sets off (report)' },
    maxAge: duration('How long its evidence may stand in for a new run'),
    timeout: duration('How long it may take (60s)'),
    waitFor: {
      type: 'object',
      additionalProperties: false,
      required: ['timeout'],
      properties: {
        timeout: duration('How long to wait until it passes'),
        interval: duration('How often to look (1s)'),
      },
      description: 'Look again until it passes: for states that settle',
    },
    drill: {
      type: 'string',
      pattern: NAME_PATTERN,
      description: 'The fault that must turn it red: small letters, digits, hyphens',
    },
    signOff: {
      type: 'boolean',
      description: 'A signature or approval: part of the decision, not of what is signed (false)',
    },
  },
} as const satisfies JSONSchema;
