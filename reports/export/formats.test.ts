/** Each format held against its own schema, or read by somebody else's reader. */
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, verify, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { dsse } from '@sigstore/core';
import Ajv from 'ajv';
import addFormats from 'ajv-formats';
import { validate as validateCtrf } from 'ctrf';
import { parse as parseJunit } from 'junit2json';
import { load } from 'js-yaml';
import { describe, expect, it } from 'vitest';
import { at, isRecord, listAt } from '../../checks/contract/json.ts';
import { EXPORT_NAMES, type ExportName } from '../../checks/contract/exports.ts';
import { HOSTILE, sampleDecision, sampleItem, samplePlan, SAMPLE_ITEMS } from '../tell/html/sample.ts';
import { EXPORT_FORMATS } from './formats.ts';
import { resultGraph, type ResultGraph } from './graph.ts';

const IMAGE = `sha256:${'e'.repeat(64)}`;
const found = sampleItem({
  id: 'P3-ACC-001',
  title: 'Images are pinned',
  outcome: 'fail',
  severity: 'critical',
  message: 'Deployment shop/api: the image has no digest, expected one',
  findings: [
    {
      id: 'no-digest',
      subject: { kind: 'Deployment', namespace: 'shop', name: 'api', apiVersion: 'apps/v1' },
      data: {},
      at: 'k8s/api deployment.yaml:12:9',
      says: 'Deployment shop/api: the image has no digest, expected one',
      fix: 'Name the image by its digest.',
    },
    { id: 'no-digest', subject: { name: 'Redis at cache:6379' }, data: {}, says: HOSTILE, fix: 'Repair it.' },
  ],
});
const items = [...SAMPLE_ITEMS, found];
const graph = (over = {}): ResultGraph =>
  resultGraph(sampleDecision({ items, ...over }), samplePlan(items), '0.1.0', {
    startedAt: '2026-11-23T10:41:00.000Z',
    startedByItem: new Map([['P1-CLU-002', '2026-11-23T10:41:10.000Z']]),
    images: [IMAGE],
  });
const unsigned = { unsigned: 'no key' };
const written = (name: ExportName, of: ResultGraph = graph()): string => EXPORT_FORMATS[name].write(of, unsigned);
const json = (name: ExportName, of: ResultGraph = graph()): unknown => JSON.parse(written(name, of));
const GREEN = { decision: 'GO', readiness: 'GO', decisionWithoutWaivers: 'GO', reasons: [] } as const;
const good = sampleItem({ id: 'P1-CLU-001', title: 'Fine', outcome: 'pass' });

describe('every export', () => {
  it.each(EXPORT_NAMES)('%s is the same for the same decision, and holds nothing that hides', (name) => {
    expect(written(name)).toBe(written(name));
    expect(EXPORT_FORMATS[name].loses.length).toBeGreaterThan(0);
  });

  it.each(EXPORT_NAMES)('%s never reads a HOLD as good', (name) => {
    // Everything that was judged passes: the run alone was cut off.
    const reasons = [{ code: 'run-incomplete', text: 'The run has not finished' }];
    const waived = { ...good, outcome: 'fail' as const, waived: SAMPLE_ITEMS[6]?.waived ?? null };
    const text = written(name, graph({ ...GREEN, decision: 'HOLD', items: [good, waived], reasons }));
    expect(text).toMatch(
      {
        junit: /<error type="HOLD"/,
        ctrf: /"status": "failed"/,
        sarif: /"executionSuccessful": false/,
        'in-toto': /./,
        vsa: /./,
        oscal: /"value": "HOLD"/,
        'oscal-poam': /"value": "HOLD"/,
        openmetrics: /golive_decision\{[^}]*decision="GO"\} 0/,
        openreports: /"golive\/decision": "HOLD"/,
      }[name],
    );
  });
});

describe('JUnit', () => {
  it('is counted by another reader as the decision says', async () => {
    const read = await parseJunit(written('junit'));
    const suites = listAt(read, 'testsuite').filter(isRecord);
    const cases = suites.flatMap((suite) => listAt(suite, 'testcase'));
    expect(cases).toHaveLength(items.length + 1);
    for (const suite of suites) {
      const own = listAt(suite, 'testcase').filter(isRecord);
      const count = (name: string): number => own.filter((one) => one[name] !== undefined).length;
      expect([suite['tests'], suite['failures'], suite['errors'], suite['skipped']]).toEqual([
        own.length,
        count('failure'),
        count('error'),
        count('skipped'),
      ]);
    }
    const byId = (id: string): unknown => cases.find((one) => String(at(one, 'name')).startsWith(`${id}:`));
    expect(byId('P1-CLU-003')).toHaveProperty('error');
    expect(byId('P2-LOAD-002')).toHaveProperty('error');
    expect(byId('P1-DAT-003')).toHaveProperty('skipped');
    expect(byId('P1-CLU-001')).not.toHaveProperty('failure');
    expect(byId('P1-DAT-002')).toHaveProperty('failure');
    expect(at(cases[0], 'name')).toBe('Go-live decision');
    expect(cases[0]).toHaveProperty('failure');
  });
});

describe('CTRF', () => {
  it('is what its own library accepts', () => {
    expect(validateCtrf(json('ctrf'))).toMatchObject({ valid: true });
    expect(at(json('ctrf'), 'results', 'summary', 'tests')).toBe(items.length + 1);
  });
});

describe('SARIF', () => {
  it('holds to its schema, with places, subjects and suppressions', () => {
    const schema: unknown = createRequire(import.meta.url)('@microsoft/jest-sarif/lib/schemas/sarif-2.1.0-rtm.5.json');
    const ajv = addFormats.default(new Ajv.default({ strict: false, allErrors: true, unicodeRegExp: false }));
    const { $schema, id, ...draft7 } = schema as Record<string, unknown>;
    expect([$schema, id]).toEqual([expect.stringContaining('draft'), expect.stringContaining('sarif')]);
    const valid = ajv.compile(draft7);
    expect(valid(json('sarif')) || valid.errors).toBe(true);
    const results = listAt(json('sarif'), 'runs', 0, 'results').filter(isRecord);
    const of = (item: string): Record<string, unknown>[] =>
      results.filter((one) => at(one, 'properties', 'item') === item);
    expect(at(of('P3-ACC-001')[0], 'locations', 0, 'physicalLocation')).toEqual({
      artifactLocation: { uri: 'k8s/api%20deployment.yaml' },
      region: { startLine: 12, startColumn: 9 },
    });
    expect(of('P3-ACC-001')).toHaveLength(2);
    expect(of('P1-DAT-003')[0]).toMatchObject({ suppressions: [{ status: 'accepted' }] });
    expect(of('P1-CLU-003')[0]).toMatchObject({ kind: 'open', level: 'none' });
    expect(of('P5-SGN-001')[0]).toMatchObject({ kind: 'review', level: 'none' });
    expect(new Set(results.map((one) => at(one, 'partialFingerprints', 'golive/v1'))).size).toBe(results.length);
  });
});

describe('in-toto statements', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const signed = (name: 'in-toto' | 'vsa', of = graph()): unknown =>
    JSON.parse(EXPORT_FORMATS[name].write(of, { key: privateKey }));
  /** As a verifier does it: by somebody else's encoding, and only what was verified is parsed. */
  const opened = (envelope: unknown, key: KeyObject = publicKey): unknown => {
    const payload = Buffer.from(String(at(envelope, 'payload')), 'base64');
    const bytes = dsse.preAuthEncoding(String(at(envelope, 'payloadType')), payload);
    const signature = Buffer.from(String(at(envelope, 'signatures', 0, 'sig')), 'base64');
    return verify(null, bytes, key, signature) ? JSON.parse(payload.toString()) : null;
  };

  it('verify with the public key alone, and are bound to the images and the commit', () => {
    for (const name of ['in-toto', 'vsa'] as const) {
      const statement = opened(signed(name));
      expect(statement).toMatchObject({
        _type: 'https://in-toto.io/Statement/v1',
        subject: [{ digest: { sha256: 'e'.repeat(64) } }, { digest: { gitCommit: expect.any(String) as string } }],
      });
      expect(
        opened(
          signed(name),
          createPublicKey(generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' })),
        ),
      ).toBeNull();
    }
  });

  it('pass on GO alone', () => {
    const said = (over: object): unknown[] => {
      const of = graph(over);
      return [
        at(opened(signed('in-toto', of)), 'predicate', 'result'),
        at(opened(signed('vsa', of)), 'predicate', 'verificationResult'),
      ];
    };
    expect(said({ ...GREEN, items: [good] })).toEqual(['PASSED', 'PASSED']);
    expect(said({ ...GREEN, items: [good, SAMPLE_ITEMS[6]] })).toEqual(['WARNED', 'PASSED']);
    expect(said({ ...GREEN, decision: 'HOLD', items: [good] })).toEqual(['FAILED', 'FAILED']);
    expect(said({})).toEqual(['FAILED', 'FAILED']);
  });

  it('have no signature without a key, and are refused where they would be about nothing', () => {
    expect(at(json('vsa'), 'signatures')).toEqual([]);
    const nameless = resultGraph(
      sampleDecision({ items, release: { name: 'a', version: '1', commit: 'unknown' } }),
      null,
      '0.1.0',
    );
    expect(EXPORT_FORMATS.vsa.refuses?.(nameless)).toMatch(/commit/);
    expect(EXPORT_FORMATS['in-toto'].refuses?.(graph())).toBeNull();
  });
});

describe('OSCAL', () => {
  it('has a finding for every item that applies, and no empty list', () => {
    const result = at(json('oscal'), 'assessment-results', 'results', 0);
    const applied = items.filter(({ outcome }) => outcome !== 'not-applicable');
    expect(listAt(result, 'findings')).toHaveLength(applied.length);
    expect(written('oscal')).not.toMatch(/\[\]/);
    const states = new Map(
      listAt(result, 'findings').map((one) => [at(one, 'target', 'target-id'), at(one, 'target', 'status')]),
    );
    expect(states.get('P1-CLU-001')).toEqual({ state: 'satisfied', reason: 'pass' });
    expect(states.get('P1-CLU-003')).toMatchObject({ state: 'not-satisfied', reason: 'other' });
    expect(written('oscal', graph({ ...GREEN, items: [] }))).not.toMatch(/\[\]/);
  });

  it('plans an action for each waiver, and is refused without any', () => {
    expect(listAt(json('oscal-poam'), 'plan-of-action-and-milestones', 'poam-items')).toHaveLength(1);
    expect(EXPORT_FORMATS['oscal-poam'].refuses?.(graph({ items: [good] }))).toMatch(/no waiver/);
  });
});

describe('OpenReports', () => {
  it('holds to the schema of its CustomResourceDefinition', () => {
    const crd = load(readFileSync(join(import.meta.dirname, 'testing', 'openreports.io_clusterreports.yaml'), 'utf8'));
    const schema = at(crd, 'spec', 'versions', 0, 'schema', 'openAPIV3Schema');
    const valid = new Ajv.default({ strict: false, allErrors: true, formats: { int32: true, int64: true } }).compile(
      closed(schema) as object,
    );
    expect(valid(json('openreports')) || valid.errors).toBe(true);
    const results = listAt(json('openreports'), 'results').filter(isRecord);
    expect(at(json('openreports'), 'summary', 'fail')).toBe(results.filter(({ result }) => result === 'fail').length);
    expect(results.filter(({ policy }) => policy === 'P3-ACC-001')[0]).toMatchObject({
      resources: [{ apiVersion: 'apps/v1', kind: 'Deployment', namespace: 'shop', name: 'api' }],
    });
  });
});

/** As an API server reads a structural schema: what it does not name is dropped, so here it is a fault. */
function closed(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closed);
  if (!isRecord(schema)) return schema;
  const inner = Object.fromEntries(Object.entries(schema).map(([name, value]) => [name, closed(value)]));
  return isRecord(schema['properties']) ? { ...inner, additionalProperties: false } : inner;
}

describe('OpenMetrics', () => {
  const promtool = join(import.meta.dirname, '../../.golive/tools/root/usr/bin/promtool');

  it('has each family in one piece and ends as it must', () => {
    const lines = written('openmetrics').trimEnd().split('\n');
    expect(lines.at(-1)).toBe('# EOF');
    const families = lines.filter((line) => line.startsWith('# TYPE')).map((line) => line.split(' ')[2]);
    expect(new Set(families).size).toBe(families.length);
    const samples = lines.filter((line) => !line.startsWith('#'));
    expect(new Set(samples.map((line) => line.replace(/ [^ ]+$/, ''))).size).toBe(samples.length);
    expect(written('openmetrics')).toContain(
      'golive_item_limit{checklist="code-platform",environment="rehearsal",item="P1-CLU-002",phase="phase1",value="P95 latency",unit="ms",comparison="<"} 2000',
    );
  });

  it.runIf(existsSync(promtool))('is what promtool reads', () => {
    const { stdout, stderr, status } = spawnSync(promtool, ['check', 'metrics'], {
      input: written('openmetrics'),
      encoding: 'utf8',
    });
    expect(`${stdout}${stderr}`).not.toMatch(/error/i);
    expect(status).not.toBe(1);
  });
});
