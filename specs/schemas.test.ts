import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { createAjv } from '../checks/params.ts';
import { environmentSchema } from './environment-schema.ts';
import { checklistSchemaText } from './generate/schema.ts';
import { checklistSchema, itemSchema, phaseSchema } from './schemas.ts';
import { testKinds } from './testing/kinds.ts';
import { parseYamlFile } from './yaml/parse.ts';

const ROOT = join(import.meta.dirname, '..');

function editorSchema(text: string) {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  return ajv.compile(JSON.parse(text) as object);
}

describe('schemas of the files', () => {
  it.each(Object.entries({ checklistSchema, phaseSchema, itemSchema, environmentSchema }))(
    '%s is strict and valid by the meta-schema',
    (_, schema) => {
      expect(() => createAjv({ useDefaults: false, validateSchema: true }).compile(schema)).not.toThrow();
    },
  );
});

describe('the schema for editors', () => {
  const shipped = editorSchema(readFileSync(join(ROOT, 'specs', 'checklist.schema.json'), 'utf8'));
  const phases = [
    'phase1-preparation',
    'phase2-execution',
    'phase3-performance',
    'phase4-cutover',
    'phase5-validation',
  ];

  it.each([...phases, 'final', 'post-deployment'])('accepts %s.yaml', (name) => {
    const file = `specs/code-platform/${name}.yaml`;
    const { value } = parseYamlFile(readFileSync(join(ROOT, file), 'utf8'), file);
    expect(shipped(value) ? [] : shipped.errors).toEqual([]);
  });

  it('takes environment values anywhere in params and refuses what the loader refuses', () => {
    const validate = editorSchema(checklistSchemaText(testKinds));
    const phase = (item: object): object => ({
      apiVersion: 'golive/v1',
      phase: 'phase1',
      title: 'Preparation',
      order: 'parallel',
      items: [{ id: 'P1-NET-001', title: 'T', source: 1, severity: 'minor', owner: 'x', ...item }],
    });
    const port = (params: object): object => phase({ kind: 'traffic/port', params });
    expect(validate(port({ port: 443 }))).toBe(true);
    expect(validate(port({ port: '${environment.stores.main.port}' }))).toBe(true);
    expect(validate(port({ port: 'https' }))).toBe(false);
    expect(validate(port({ port: 443, prot: 1 }))).toBe(false);
    expect(validate(phase({ kind: 'traffic/port' }))).toBe(false);
    expect(validate(phase({ kind: 'planned' }))).toBe(true);
    expect(validate(phase({ kind: 'planned', params: {} }))).toBe(false);
    expect(validate(phase({ kind: 'nonsense' }))).toBe(false);
  });

  it('takes them within alternatives, too, which stay alternatives', () => {
    const asked = (subject: object): object => ({
      apiVersion: 'golive/v1',
      phase: 'phase1',
      title: 'Preparation',
      order: 'parallel',
      items: [
        {
          id: 'P1-RBA-002',
          title: 'T',
          kind: 'access/authorization-matrix',
          source: 1,
          severity: 'minor',
          owner: 'x',
          params: {
            namespaces: ['shop'],
            can: [{ subject, verb: 'get', resource: 'pods' }],
            cannot: [{ subject, verb: 'list', resource: 'secrets' }],
          },
        },
      ],
    });
    const account = { namespace: '${environment.namespaces.platform}', name: 'api' };
    expect(shipped(asked({ serviceAccount: account }))).toBe(true);
    expect(shipped(asked({ serviceAccount: { ...account, nam: 'api' } }))).toBe(false);
    expect(shipped(asked({ serviceAccount: account, group: 'system:masters' }))).toBe(false);
  });
});
