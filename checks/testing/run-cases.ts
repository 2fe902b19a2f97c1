/** Registers a vitest test for each case file beside a check: `runCases(import.meta.url)` is a whole `check.test.ts`. */
import { readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { CheckKind } from '../define-check.ts';
import { readCases, runCase } from './cases.ts';

/** Outcomes that every kind shows at least one case of. */
export const REQUIRED_CASES = ['pass', 'fail', 'inconclusive', 'error'] as const;

/** The kind that a folder's `check.ts` exports. */
export async function kindIn(folder: string): Promise<CheckKind> {
  const module = (await import(pathToFileURL(join(folder, 'check.ts')).href)) as Readonly<Record<string, unknown>>;
  const kind = Object.values(module).find(isKind);
  if (!kind) throw new Error(`${folder}/check.ts exports no kind: export what defineCheck returns`);
  return kind;
}

function isKind(value: unknown): value is CheckKind {
  return typeof value === 'object' && value !== null && 'meta' in value && 'judge' in value && 'gather' in value;
}

/** `testUrl`: `import.meta.url` of the check's test file. */
export function runCases(testUrl: string): void {
  const folder = dirname(fileURLToPath(testUrl));
  describe(`cases of ${relative(process.cwd(), folder)}`, async () => {
    const kind = await kindIn(folder);
    const cases = readdirSync(folder).includes('cases') ? readCases(join(folder, 'cases')) : [];

    it.each(REQUIRED_CASES)('has a case that ends %s', (outcome) => {
      expect(cases.map((check) => check.expect.outcome)).toContain(outcome);
    });
    it('uses every message in a case', () => {
      const used = new Set(cases.flatMap((check) => check.expect.messages ?? []));
      expect([...used].sort()).toEqual(Object.keys(kind.meta.messages).sort());
    });
    for (const check of cases) {
      it(check.name, async () => {
        const result = await runCase(kind, check);
        const because = result.texts.join('\n');
        expect(result.outcome, because).toBe(check.expect.outcome);
        if (check.expect.reason) expect(result.reason, because).toBe(check.expect.reason);
        if (check.expect.messages) expect([...result.messages].sort()).toEqual([...check.expect.messages].sort());
        if (check.expect.subjects) expect([...result.subjects].sort()).toEqual([...check.expect.subjects].sort());
      });
    }
  });
}
