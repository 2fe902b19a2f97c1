import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { createAjv } from '../../checks/kit/params.ts';
import { environmentSchema } from './environment-schema.ts';
import { executionSchema } from './execution-schema.ts';
import { FILE_SCHEMAS, SCHEMA_FILE } from './generate/files.ts';
import { checklistSchemaText } from './generate/schema.ts';
import { CHECKLIST_FILE, SPECS } from './find-checklist.ts';
import { ENVIRONMENTS } from './load-environment.ts';
import { attestationsSchema, waiversSchema } from './people/schemas.ts';
import { checklistSchema, itemSchema, phaseSchema, PLANNED_KIND } from './schemas.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { DRILLS_FOLDER } from './drills/load.ts';
import { drillsSchema } from './drills/schema.ts';
import { testKinds } from './testing/kinds.ts';
import { parseYamlFile } from './yaml/parse.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const HEAD_SCHEMA = `${FILE_SCHEMAS}/checklist-head.schema.json`;
const ENVIRONMENT_SCHEMA = `${FILE_SCHEMAS}/environment.schema.json`;
const WAIVERS_SCHEMA = `${FILE_SCHEMAS}/waivers.schema.json`;
const ATTESTATIONS_SCHEMA = `${FILE_SCHEMAS}/attestations.schema.json`;
const DRILLS_SCHEMA = `${FILE_SCHEMAS}/drills.schema.json`;
const EXECUTION_SCHEMA = `${FILE_SCHEMAS}/execution.schema.json`;
const SHIPPED = [
  SCHEMA_FILE,
  HEAD_SCHEMA,
  ENVIRONMENT_SCHEMA,
  WAIVERS_SCHEMA,
  ATTESTATIONS_SCHEMA,
  DRILLS_SCHEMA,
  EXECUTION_SCHEMA,
];

/** As an editor reads it: draft-07, held against its meta-schema, no keyword that the dialect does not know. */
function editorSchema(text: string): ValidateFunction {
  const ajv = new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(text) as object);
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const valueOf = (file: string): unknown => parseYamlFile(read(file), file).value;
const shipped = new Map(SHIPPED.map((file) => [file, editorSchema(read(file))]));

function accepts(schema: string, value: unknown): boolean {
  return shipped.get(schema)?.(value) ?? false;
}

describe('schemas of the files', () => {
  it.each(
    Object.entries({
      checklistSchema,
      phaseSchema,
      itemSchema,
      environmentSchema,
      waiversSchema,
      attestationsSchema,
      drillsSchema,
      executionSchema,
    }),
  )('%s is strict and valid by the meta-schema', (_, schema) => {
    expect(() => createAjv({ useDefaults: false, validateSchema: true }).compile(schema)).not.toThrow();
  });

  it('are shipped for each kind of file, and no other', () => {
    const names = readdirSync(join(ROOT, FILE_SCHEMAS)).map((name) => `${FILE_SCHEMAS}/${name}`);
    expect([SCHEMA_FILE, ...names].sort()).toEqual([...SHIPPED].sort());
  });

  it('are what the settings of the editor name', () => {
    const { 'yaml.schemas': schemas } = JSON.parse(read('.vscode/settings.json')) as { 'yaml.schemas': object };
    expect(Object.keys(schemas).sort()).toEqual(SHIPPED.map((file) => `./${file}`).sort());
  });
});

/** Every YAML file that golive reads, by the schema it must name. */
function ourFiles(): (readonly [file: string, schema: string])[] {
  const yamlIn = (folder: string): string[] =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder))
          .filter((name) => /\.ya?ml$/.test(name))
          .map((name) => `${folder}/${name}`)
      : [];
  const checklists = readdirSync(join(ROOT, SPECS))
    .map((name) => `${SPECS}/${name}`)
    .filter((folder) => existsSync(join(ROOT, folder, CHECKLIST_FILE)));
  const special = new Map([
    [CHECKLIST_FILE, HEAD_SCHEMA],
    ['waivers.yaml', WAIVERS_SCHEMA],
    ['execution.yaml', EXECUTION_SCHEMA],
  ]);
  return [
    ...checklists
      .flatMap(yamlIn)
      .map((file) => [file, special.get(file.split('/').at(-1) ?? '') ?? SCHEMA_FILE] as const),
    ...checklists
      .flatMap((folder) => yamlIn(`${folder}/attestations`))
      .map((file) => [file, ATTESTATIONS_SCHEMA] as const),
    ...checklists
      .flatMap((folder) => yamlIn(`${folder}/${DRILLS_FOLDER}`))
      .map((file) => [file, DRILLS_SCHEMA] as const),
    ...yamlIn(ENVIRONMENTS).map((file) => [file, ENVIRONMENT_SCHEMA] as const),
  ];
}

describe('the files', () => {
  it('are found', () => {
    const schemas = ourFiles().map(([, schema]) => schema);
    expect(schemas.filter((schema) => schema === SCHEMA_FILE)).toHaveLength(7);
    expect(schemas).toEqual(expect.arrayContaining([HEAD_SCHEMA, ENVIRONMENT_SCHEMA, DRILLS_SCHEMA]));
  });

  it.each(ourFiles())('%s names its schema on line 1 and is valid by it', (file, schema) => {
    const [first] = read(file).split('\n');
    expect(first).toBe(`# yaml-language-server: $schema=${relative(dirname(file), schema)}`);
    expect(accepts(schema, valueOf(file)) ? [] : shipped.get(schema)?.errors).toEqual([]);
  });
});

const HEADER = { apiVersion: 'golive/v1', phase: 'phase1', title: 'Preparation', order: 'parallel' } as const;
function phaseOf(item: object): object {
  return { ...HEADER, items: [{ id: 'P1-NET-001', title: 'T', source: 1, severity: 'minor', owner: 'x', ...item }] };
}

describe('the schema of phase files', () => {
  it('takes environment values anywhere in params and refuses what the loader refuses', () => {
    const validate = editorSchema(checklistSchemaText(testKinds));
    const port = (params: object): object => phaseOf({ kind: 'traffic/port', params });
    expect(validate(port({ port: 443 }))).toBe(true);
    expect(validate(port({ port: '${environment.stores.main.port}' }))).toBe(true);
    expect(validate(port({ port: 'https' }))).toBe(false);
    expect(validate(port({ port: 443, prot: 1 }))).toBe(false);
    expect(validate(phaseOf({ kind: 'traffic/port' }))).toBe(false);
    expect(validate(phaseOf({ kind: 'planned' }))).toBe(true);
    expect(validate(phaseOf({ kind: 'planned', params: {} }))).toBe(false);
    expect(validate(phaseOf({ kind: 'nonsense' }))).toBe(false);
    expect(validate(phaseOf({}))).toBe(false);
  });

  it('takes them within alternatives, too, which stay alternatives', () => {
    const asked = (subject: object): boolean =>
      accepts(
        SCHEMA_FILE,
        phaseOf({
          kind: 'access/authorization-matrix',
          params: {
            namespaces: ['shop'],
            can: [{ subject, verb: 'get', resource: 'pods' }],
            cannot: [{ subject, verb: 'list', resource: 'secrets' }],
          },
        }),
      );
    const account = { namespace: '${environment.namespaces.platform}', name: 'api' };
    expect(asked({ serviceAccount: account })).toBe(true);
    expect(asked({ serviceAccount: { ...account, nam: 'api' } })).toBe(false);
    expect(asked({ serviceAccount: account, group: 'system:masters' })).toBe(false);
  });

  it('holds each built item to the params of its kind', () => {
    const items = ourFiles()
      .filter(([, schema]) => schema === SCHEMA_FILE)
      .flatMap(([file]) => (valueOf(file) as { items: Readonly<Record<string, unknown>>[] }).items)
      .filter(({ kind }) => kind !== PLANNED_KIND);
    const wrong = items.flatMap(({ id, kind, params }) => {
      const own = isRecord(params) ? params : {};
      const tried = (changed: object): boolean => accepts(SCHEMA_FILE, phaseOf({ kind, params: changed }));
      const wholly = tried(own) && !tried({ ...own, nonsenseParam: 1 });
      return wholly ? [] : [id];
    });
    expect(items.length).toBeGreaterThan(80);
    expect(wrong).toEqual([]);
  });

  it('states each shared shape once', () => {
    // The oneOf of copies that it was: 26,140 lines, 1.2 MB.
    const text = read(SCHEMA_FILE);
    expect(text.length).toBeLessThan(700_000);
    expect(text.match(/"const": "kubernetes-secret"/g)).toHaveLength(1);
  });
});

describe('the schema of environments', () => {
  const environment = (over: object): object => ({
    apiVersion: 'golive/v1',
    name: 'staging',
    kubeconfig: { path: 'a', context: 'b' },
    namespaces: {},
    ...over,
  });
  const store = { host: 'db', port: 5432, database: 'd', user: 'u', password: { from: 'env', name: 'PGPASSWORD' } };

  it('takes a token of the rehearsal for an address, not for a map of them or a name', () => {
    const token = '${rehearsal.postgresPort}';
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ stores: { main: store } }))).toBe(true);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ stores: { main: { ...store, port: token } } }))).toBe(true);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ endpoints: { api: { url: '${rehearsal.gateway}' } } }))).toBe(
      true,
    );
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ dns: { servers: ['${rehearsal.dns}'] } }))).toBe(true);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ stores: { main: token } }))).toBe(false);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ compression: token }))).toBe(false);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ stores: { main: { ...store, port: 'x' } } }))).toBe(false);
  });

  it('refuses a secret that is written out, and what it does not know', () => {
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ stores: { main: { ...store, password: 'written' } } }))).toBe(
      false,
    );
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ mutations: ['aply'] }))).toBe(false);
    expect(accepts(ENVIRONMENT_SCHEMA, environment({ endpoint: {} }))).toBe(false);
  });
});

describe('the schemas of waivers and attestations', () => {
  const common = { item: 'P1-NET-001', environment: 'e', release: '1', approver: 'A', expires: '2027-03-31T00:00:00Z' };
  const waiver = { ...common, reason: 'known', ticket: 'OPS-1' };
  const attestation = { ...common, role: 'qa-team', statement: 'Seen' };
  const file = (list: string, entry: object): object => ({ apiVersion: 'golive/v1', [list]: [entry] });

  it('ask for everything that an entry needs', () => {
    expect(accepts(WAIVERS_SCHEMA, file('waivers', waiver))).toBe(true);
    expect(accepts(WAIVERS_SCHEMA, file('waivers', common))).toBe(false);
    expect(accepts(ATTESTATIONS_SCHEMA, file('attestations', attestation))).toBe(true);
    expect(accepts(ATTESTATIONS_SCHEMA, file('attestations', waiver))).toBe(false);
  });
});
