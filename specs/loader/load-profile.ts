/** Load profiles: YAML files that say what users do, read with the place of every problem. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import type { JSONSchema } from 'json-schema-to-ts';
import { parseJson } from '../../checks/contract/json.ts';
import type { LoadProfile, ProfileRow, ProfileStep } from '../../checks/contract/load-profile.ts';
import { DURATION_PATTERN } from '../../checks/contract/units.ts';
import { schemaErrors } from '../../checks/kit/params.ts';
import { expectParam } from '../../checks/load/load.ts';
import { PLACEHOLDER } from '../../checks/load/profile/walk.ts';
import { problemsFromAjv } from './ajv-problems.ts';
import { InvalidInput, type Problem } from './problems.ts';
import { API_VERSION } from './schemas.ts';
import { readYamlFile, type YamlFile } from './yaml/parse.ts';

const text = (description: string) => ({ type: 'string', minLength: 1, description }) as const;
const path = (description: string) => ({ type: 'string', pattern: '^/', description }) as const;
const span = (description: string, byDefault?: string) =>
  ({
    type: 'string',
    pattern: DURATION_PATTERN,
    description,
    ...(byDefault === undefined ? {} : { default: byDefault }),
  }) as const;
const NAME = '^[A-Za-z_][\\w-]*$';

const step = {
  type: 'object',
  additionalProperties: false,
  required: ['path', 'expect'],
  properties: {
    name: { ...text('How figures name it'), maxLength: 80 },
    target: text("Endpoint of the environment it goes to; the profile's when absent"),
    method: { enum: ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'], default: 'GET' },
    path: path('Path, and query if any'),
    headers: {
      type: 'object',
      additionalProperties: { type: 'string' },
      description: 'Headers; no credentials: they would stand in the file',
    },
    json: { description: 'Body, sent as JSON' },
    body: { type: 'string', description: 'Body as text' },
    authenticated: { type: 'boolean', description: "With the token of the arrival's session" },
    expect: {
      ...expectParam,
      properties: {
        ...expectParam.properties,
        status: { type: 'integer', minimum: 200, maximum: 299, description: 'Exactly this status' },
      },
    },
    take: {
      type: 'object',
      minProperties: 1,
      propertyNames: { pattern: NAME },
      additionalProperties: { type: 'string', pattern: '^/' },
      description: 'Values that later steps use: a name and the JSON pointer into the answer',
    },
    think: span('Pause before it'),
  },
  not: { required: ['json', 'body'] },
} as const;

const row = { type: 'object', additionalProperties: { type: ['string', 'number', 'boolean'] } } as const;

/** The format of a profile's file. */
export const loadProfileSchema = {
  type: 'object',
  additionalProperties: false,
  required: ['apiVersion', 'title', 'target', 'rate', 'flows'],
  properties: {
    apiVersion: { const: API_VERSION, description: 'The format of this file' },
    title: text('What these users do, in a line'),
    target: text('Endpoint of the environment that requests go to'),
    rate: {
      type: 'number',
      minimum: 0,
      maximum: 50_000,
      description:
        'Arrivals a second, evenly spaced, whatever the answers do; where there are stages: at the beginning',
    },
    warmup: span('How long load runs before measuring starts', '10s'),
    duration: span('How long the rate is held, where there are no stages', '60s'),
    stages: {
      type: 'array',
      minItems: 1,
      description: 'How the rate changes: over how long, and to what; over 0s at once',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['for', 'to'],
        properties: {
          for: span('How long it takes'),
          to: { type: 'number', minimum: 0, maximum: 50_000, description: 'Arrivals a second at its end' },
        },
      },
    },
    login: {
      type: 'object',
      additionalProperties: false,
      required: ['credential'],
      description: 'Users log in before the load, each once; arrivals take their sessions in turn',
      properties: {
        credential: text('Credential of the environment'),
        target: text("Endpoint of the environment; the profile's when absent"),
        path: { ...path('Path of the login'), default: '/auth/login' },
        tokenField: { ...text('Member of its answer'), default: 'token' },
        sessions: { type: 'integer', minimum: 1, maximum: 1000, default: 10, description: 'How many users log in' },
      },
    },
    data: {
      type: 'object',
      propertyNames: { pattern: NAME },
      description:
        'Rows that arrivals take in turn, as ${data.NAME.COLUMN}: here, or in a JSON or CSV file beside this one',
      additionalProperties: {
        anyOf: [
          { type: 'array', minItems: 1, items: row },
          {
            type: 'object',
            additionalProperties: false,
            required: ['file'],
            properties: { file: { type: 'string', pattern: '\\.(json|csv)$' } },
          },
        ],
      },
    },
    flows: {
      type: 'array',
      minItems: 1,
      maxItems: 50,
      description: 'What an arrival does, chosen by weight',
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'weight', 'steps'],
        properties: {
          name: text('What it is'),
          weight: { type: 'number', exclusiveMinimum: 0, description: 'Share among all weights' },
          steps: {
            type: 'array',
            minItems: 1,
            maxItems: 20,
            items: step,
            description: 'Requests, one after the other',
          },
        },
      },
    },
  },
} as const satisfies JSONSchema;

type File = Omit<LoadProfile, 'data' | 'stages'> & {
  readonly data?: Readonly<Record<string, readonly ProfileRow[] | { readonly file: string }>>;
  readonly stages?: LoadProfile['stages'];
};

/** @throws InvalidInput with every problem and its place */
export function readLoadProfile(root: string, file: string): LoadProfile {
  const yaml = readYamlFile(root, file);
  if (yaml.problems.length > 0) throw new InvalidInput(yaml.problems);
  const problems = problemsFromAjv(schemaErrors(loadProfileSchema, yaml.value), { yaml, base: '' });
  if (problems.length > 0) throw new InvalidInput(problems);
  const given = yaml.value as File;
  const found = Object.entries(given.data ?? {}).map(([name, rows]) => {
    const read = 'file' in rows ? readRows(root, file, rows.file) : rows;
    return [name, read] as const;
  });
  const bad = found.flatMap(([name, rows]) =>
    typeof rows === 'string' ? [yaml.problem(`/data/${name}/file`, { message: rows })] : [],
  );
  const data = Object.fromEntries(found.filter((one): one is [string, ProfileRow[]] => typeof one[1] !== 'string'));
  const profile = { ...given, stages: given.stages ?? [], data };
  const all = [...bad, ...(bad.length === 0 ? [...nameProblems(profile, yaml), ...useProblems(profile, yaml)] : [])];
  if (all.length > 0) throw new InvalidInput(all);
  return profile;
}

/** The rows of a file, or what is wrong with it. */
function readRows(root: string, profile: string, name: string): readonly ProfileRow[] | string {
  const path = resolve(root, dirname(profile), name);
  if (relative(root, path).startsWith('..') || !existsSync(path)) return `there is no file ${name} beside the profile`;
  const content = readFileSync(path, 'utf8');
  const rows = extname(path) === '.csv' ? csvRows(content) : parseJson(content);
  if (Array.isArray(rows) && rows.length > 0 && schemaErrors({ type: 'array', items: row }, rows).length === 0)
    return rows as ProfileRow[];
  return `${join(dirname(profile), name)} holds no rows: a JSON list of flat objects, or CSV with a line of names`;
}

/** RFC 4180, without line breaks inside a field. What is written as a number is one. */
function csvRows(content: string): ProfileRow[] {
  const [names = [], ...lines] = content
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) =>
      [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
        ([, quoted, plain = '']) => quoted?.replace(/""/g, '"') ?? plain,
      ),
    );
  return lines.map((fields) =>
    Object.fromEntries(names.map((name, index) => [name, numberOrText(fields[index] ?? '')])),
  );
}

const numberOrText = (field: string): number | string =>
  /^-?(0|[1-9]\d{0,14})(\.\d+)?$/.test(field) ? Number(field) : field;

/** Names in `${…}` that nothing gives a value to. */
function nameProblems({ flows, data }: LoadProfile, yaml: YamlFile): Problem[] {
  return flows.flatMap(({ steps }, flow) => {
    const known = new Set(['arrival']);
    return steps.flatMap((one, index) => {
      const wrong = namesIn(one).filter((name) => !known.has(name) && !isColumn(name, data));
      for (const name of Object.keys(one.take ?? {})) known.add(name);
      return wrong.map((name) =>
        yaml.problem(`/flows/${flow}/steps/${index}`, {
          message: `nothing gives \${${name}} a value before this step`,
          allowed: [...known, ...Object.keys(data).map((list) => `data.${list}.COLUMN`)],
        }),
      );
    });
  });
}

const namesIn = ({ path: where, headers, json, body }: ProfileStep): string[] => [
  ...new Set(Array.from(JSON.stringify([where, headers, json, body]).matchAll(PLACEHOLDER), ([, name = '']) => name)),
];

function isColumn(name: string, data: LoadProfile['data']): boolean {
  const [start, list = '', ...column] = name.split('.');
  return start === 'data' && (data[list] ?? []).every((one) => Object.hasOwn(one, column.join('.'))) && list in data;
}

/** Steps that need a login where there is none, and rates that send nothing. */
function useProblems({ flows, login, rate, stages }: LoadProfile, yaml: YamlFile): Problem[] {
  const without = flows.flatMap(({ steps }, flow) =>
    steps.flatMap((one, index) => (one.authenticated && !login ? [`/flows/${flow}/steps/${index}/authenticated`] : [])),
  );
  return [
    ...without.map((pointer) =>
      yaml.problem(pointer, { message: 'the profile has no login', fix: 'Add login with a credential' }),
    ),
    ...(rate === 0 && stages.every(({ to }) => to === 0)
      ? [
          yaml.problem('/rate', {
            message: 'nothing is ever sent',
            fix: 'Give a rate above 0, or a stage that goes to one',
          }),
        ]
      : []),
  ];
}
