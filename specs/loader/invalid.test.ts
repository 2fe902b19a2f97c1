/**
 * Files that must be refused, each with the whole text that a person would read beside it: `specs/loader/cases/invalid/<what>.<case>.yaml`
 * and `.txt`, where <what> is the file that is wrong. After a deliberate change of wording: `npx vitest run specs/loader/invalid.test.ts -u`,
 * and read the difference.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { compilePlan } from './plan.ts';
import { renderProblems } from './problems.ts';
import { testKinds } from './testing/kinds.ts';
import { makeProject, phaseText, SMALL_ENVIRONMENT } from './testing/project.ts';

const CASES = join(import.meta.dirname, 'cases', 'invalid');
const GOOD_ITEM = `  - id: P1-NET-001
    title: Certificates are valid
    kind: traffic/tls-certificate
    source: 118
    severity: critical
    owner: platform-team
    params: { url: 'https://a.example' }
`;
const GOOD_PHASE = phaseText(GOOD_ITEM);
const PLACES: Readonly<Record<string, string>> = {
  phase: 'specs/small/phase1.yaml',
  checklist: 'specs/small/checklist.yaml',
  environment: 'fixtures/environments/rehearsal.yaml',
};

describe('refused files', () => {
  const names = readdirSync(CASES).filter((name) => name.endsWith('.yaml'));
  it.each(names)('%s', async (name) => {
    const place = PLACES[name.split('.')[0] ?? ''] ?? '';
    const project = makeProject({
      'specs/small/phase1.yaml': GOOD_PHASE,
      'specs/small/again.yaml': GOOD_PHASE.replace('P1-NET-001', 'P1-NET-009'),
      'specs/small/phase2.yaml': GOOD_PHASE.replace('phase: phase1', 'phase: phase2').replace('P1-', 'P2-'),
      'fixtures/environments/rehearsal.yaml': SMALL_ENVIRONMENT,
      [place]: readFileSync(join(CASES, name), 'utf8'),
    });
    try {
      const compiled = compilePlan({ root: project.root, env: { GOLIVE_COMMIT: 'a'.repeat(40) }, kinds: testKinds });
      if ('plan' in compiled) throw new Error(`${name} was accepted`);
      const text = renderProblems(compiled.problems);
      expect(text).not.toMatch(/hunter2-literal|12345/);
      await expect(text).toMatchFileSnapshot(join(CASES, name.replace(/yaml$/, 'txt')));
    } finally {
      project.remove();
    }
  });
});
