/** What every kind obeys. A kind that breaks one of these is not finished, whatever its own tests say. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { errorText } from './contract/text.ts';
import { ObservationError, type CheckKind } from './kit/kind.ts';
import { kinds } from './index.ts';
import { readCases, type CheckCase } from './kit/cases-file.ts';
import { createAjv, validateParams } from './kit/params.ts';
import { blindCapabilities, runCase, testContext } from './kit/testing/cases.ts';

const CHECKS = import.meta.dirname;
/** Outcomes that every kind shows at least one case of. */
const REQUIRED_CASES = ['pass', 'fail', 'inconclusive', 'error'] as const;
/** Kinds that change nothing and need a right to write all the same: for dry runs, or for the process of the cutover they declare. */
const DRY_RUNS = new Set(['chaos/node-drain', 'cluster/manifest-drift', 'cutover/weights']);
const NOT_DOMAINS = new Set(['contract', 'kit', 'protocols']);

const folders = subfolders(CHECKS)
  .filter((domain) => !NOT_DOMAINS.has(domain))
  .flatMap((domain) => subfolders(join(CHECKS, domain)).map((name) => `${domain}/${name}`))
  // What kinds of a domain share may be a folder, too.
  .filter((name) => existsSync(join(CHECKS, name, 'check.ts')) || existsSync(join(CHECKS, name, 'cases.yaml')))
  .sort();

function subfolders(folder: string): string[] {
  return readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
}

const registered = [...kinds.keys()];

describe('the registry', () => {
  it('holds every folder of checks/, and nothing else', () => {
    expect([...registered].sort()).toEqual(folders);
  });

  it('is sorted, one line a kind', () => {
    const source = readFileSync(join(CHECKS, 'index.ts'), 'utf8');
    const imported = [...source.matchAll(/from '\.\/([^']+)\/check\.ts'/g)].map((match) => match[1]);
    expect(imported).toEqual([...imported].sort());
    expect(registered).toEqual(imported);
  });

  it('agrees with the catalogue', () => {
    const sorted = [...registered].sort();
    const found = (file: string, pattern: RegExp): (string | undefined)[] =>
      [...readFileSync(join(CHECKS, file), 'utf8').matchAll(pattern)].map((match) => match[1]);
    expect(found('CATALOG.md', /^\| \[(\S+\/\S+)\]/gm)).toEqual(sorted);
    const domains = [...new Set(folders.map((folder) => folder.split('/')[0] ?? ''))];
    const pages = domains.flatMap((domain) => found(join(domain, 'README.md'), /^## (\S+\/\S+)$/gm));
    expect(pages).toEqual(sorted);
  });
});

describe.each([...kinds.values()].map((kind) => [kind.meta.kind, kind] as const))('%s', (name, kind) => {
  const folder = join(CHECKS, name);
  const { cases, problem } = casesIn(folder);
  const passing = cases.filter((check) => check.expect.outcome === 'pass');

  it('is named like its folder and exported by its check.ts', async () => {
    expect((await kindIn(folder)).meta.kind).toBe(name);
  });

  it('has cases of every outcome', () => {
    expect(problem).toBe('');
    const outcomes = new Set(cases.map((check) => check.expect.outcome));
    expect(REQUIRED_CASES.filter((outcome) => !outcomes.has(outcome))).toEqual([]);
  });

  it('shows each of its messages in a case', () => {
    const shown = new Set(cases.flatMap((check) => check.expect.findings ?? []));
    expect([...shown].sort()).toEqual(Object.keys(kind.meta.messages).sort());
  });

  it('says what it is in whole sentences', () => {
    const { title, why, sees, not, messages } = kind.meta;
    expect(JSON.stringify({ title, why, sees, not, messages })).not.toMatch(/TODO/);
    expect(title).toMatch(/^[A-Z].*[^.]$/);
    expect(sees.length).toBeGreaterThan(0);
    for (const text of [why, ...sees]) expect(text).toMatch(/^\S.{20,}\.$/s);
    for (const text of not) expect(text).toMatch(/^\S.{5,}\.$/s);
    for (const message of Object.values(messages)) {
      expect(message.says).toMatch(/\{subject\}/);
      expect(message.fix).toMatch(/^[A-Z].*\.$/s);
    }
  });

  it('has a params schema that is strict, closed and described', () => {
    const strict = createAjv({ useDefaults: true, validateSchema: true });
    expect(() => strict.compile(kind.meta.params as object)).not.toThrow();
    expect(looseObjects(kind.meta.params, '')).toEqual([]);
    expect(undescribed(kind.meta.params)).toEqual([]);
  });

  it('refuses a param it does not have', () => {
    for (const check of passing) {
      const params = { ...(check.params as object), nonsenseParam: 1 };
      const result = validateParams(kind, params);
      expect(result.ok ? [] : result.errors.map((error) => error.keyword)).toContain('additionalProperties');
    }
  });

  it('has defaults that fit its own schema', () => {
    for (const check of cases) {
      const filled = validateParams(kind, check.params);
      if (!filled.ok)
        throw new Error(`${check.name}: ${JSON.stringify(filled.errors.map((e) => [e.instancePath, e.message]))}`);
      expect(validateParams(kind, filled.params)).toEqual({ ok: true, params: filled.params });
    }
  });

  it('is consistent about what it changes and what it may', () => {
    const { effect, mutation, needs } = kind.meta;
    expect(effect === 'mutating').toBe(mutation !== undefined);
    // A chaos experiment plays its users itself; the generator asks for the class load besides.
    if (needs.includes('load')) expect(['load', 'chaos']).toContain(mutation);
    const usesCluster = needs.some(
      (need) => need === 'cluster' || need === 'secrets' || need === 'exec' || need === 'changes',
    );
    for (const check of passing) {
      const permissions = kind.permissions(filledParams(kind, check.params));
      if (!usesCluster) expect(permissions).toEqual([]);
      if (usesCluster) expect(permissions).not.toEqual([]);
      for (const permission of permissions) {
        expect(permission.verbs.length).toBeGreaterThan(0);
        expect([...permission.verbs, ...permission.resources, ...permission.groups]).not.toContain('*');
        const secrets = permission.resources.includes('secrets');
        if (secrets && permission.verbs.includes('get')) expect(permission.resourceNames?.length).toBeGreaterThan(0);
        const exec = permission.resources.includes('pods/exec');
        if (exec) expect(permission.namespace).toBeDefined();
      }
      const writes = permissions.some((p) =>
        p.verbs.some((verb) => ['update', 'patch', 'delete', 'deletecollection'].includes(verb)),
      );
      if (writes && !DRY_RUNS.has(name)) expect(effect).toBe('mutating');
    }
  });

  it('does not pass when it can look at nothing', async () => {
    for (const check of passing) {
      const params = filledParams(kind, check.params);
      const context = testContext('2026-01-15T12:00:00Z');
      const outcome = await kind.gather(params, blindCapabilities('unreachable'), context).then(
        (gathered) => kind.judge(params, gathered, context).outcome,
        (error: unknown) => {
          // Anything else than ObservationError is a crash, and a crash is a defect of the check.
          expect(error).toBeInstanceOf(ObservationError);
          return 'error';
        },
      );
      expect(outcome).not.toBe('pass');
      expect(outcome).not.toBe('not-applicable');
    }
  });

  for (const check of cases) {
    it(`case ${check.name}`, async () => {
      const { outcome, reason, findings, doubts, subjects } = check.expect;
      const result = await runCase(kind, check);
      const because = [check.at, ...result.texts].join('\n');
      expect(result.outcome, because).toBe(outcome);
      if (reason) expect(result.reason, because).toBe(reason);
      if (findings) expect([...result.findings].sort(), because).toEqual([...findings].sort());
      if (doubts) expect([...result.doubts].sort(), because).toEqual([...doubts].sort());
      if (subjects) expect([...result.subjects].sort(), because).toEqual([...subjects].sort());
    });
  }
});

/** The kind that a folder's `check.ts` exports. */
async function kindIn(folder: string): Promise<CheckKind> {
  const module = (await import(pathToFileURL(join(folder, 'check.ts')).href)) as Readonly<Record<string, unknown>>;
  const kind = Object.values(module).find(isKind);
  if (!kind) throw new Error(`${folder}/check.ts exports no kind: export what kind() returns`);
  return kind;
}

function isKind(value: unknown): value is CheckKind {
  return typeof value === 'object' && value !== null && 'meta' in value && 'judge' in value && 'gather' in value;
}

/** What is wrong with one kind's file fails that kind alone. */
function casesIn(folder: string): { readonly cases: readonly CheckCase[]; readonly problem: string } {
  try {
    return { cases: readCases(folder), problem: '' };
  } catch (error) {
    return { cases: [], problem: errorText(error) };
  }
}

function filledParams(kind: CheckKind, params: unknown): unknown {
  const filled = validateParams(kind, params);
  if (!filled.ok) throw new Error(`${kind.meta.kind}: a case's params do not fit`);
  return filled.params;
}

/** Keywords that hold values or conditions, not shapes. */
const NOT_SHAPES = new Set(['default', 'enum', 'const', 'if', 'then', 'else']);

/** Objects with named members that let others through. */
function looseObjects(schema: unknown, path: string): string[] {
  if (Array.isArray(schema)) return schema.flatMap((member, index) => looseObjects(member, `${path}/${index}`));
  if (typeof schema !== 'object' || schema === null) return [];
  const own = 'properties' in schema && (!('additionalProperties' in schema) || schema.additionalProperties !== false);
  const inner = Object.entries(schema).flatMap(([key, member]) =>
    NOT_SHAPES.has(key) ? [] : looseObjects(member, `${path}/${key}`),
  );
  return [...(own ? [path || '/'] : []), ...inner];
}

/** Params without a description: the catalogue would have nothing to say. */
function undescribed(schema: unknown): string[] {
  const properties = (schema as { properties?: Readonly<Record<string, { description?: string }>> }).properties ?? {};
  return Object.entries(properties).flatMap(([name, member]) => (member.description ? [] : [name]));
}
