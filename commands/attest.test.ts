import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createLevers } from '../rehearsal/levers.ts';
import { makeLedgerKey } from '../rehearsal/ledger-key.ts';
import { addPeople } from '../rehearsal/people/signers.ts';
import { makeProject, phaseText } from '../specs/loader/testing/project.ts';
import { attest } from './attest.ts';
import { signingFindings } from './doctor/signing.ts';
import { compileSelected } from './compile.ts';
import { waive } from './waive.ts';

const ITEM = `  - id: P1-TEA-001
    title: The team is trained
    kind: people/attestation
    source: 192
    severity: major
    owner: platform-team
    role: platform-team
    params: { statement: All are trained in the new release. }
  - id: P1-CLU-001
    title: The cluster is reachable
    kind: cluster/reachability
    source: 105
    severity: major
    owner: platform-team
`;
let root: string;
let remove: () => void;
let told: string;
beforeEach(() => {
  ({ root, remove } = makeProject({ 'specs/small/phase1.yaml': phaseText(ITEM) }));
  const dir = join(root, '.golive/rehearsal');
  mkdirSync(dir, { recursive: true });
  addPeople(dir, makeLedgerKey(dir), createLevers());
  vi.stubEnv('GOLIVE_PROJECT', root);
  told = '';
  for (const stream of [process.stdout, process.stderr])
    vi.spyOn(stream, 'write').mockImplementation((text) => {
      told += String(text);
      return true;
    });
});
afterEach(() => {
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
  remove();
});

it('attests what an item asks, for as long as it allows, and nothing that is measured', () => {
  expect(attest({ item: 'P1-TEA-001', evidence: 'docs/training.md' })).toBe(0);
  const [, file = ''] = /Commit (\S+) with/.exec(told) ?? [];
  expect(readFileSync(join(root, file), 'utf8')).toMatch(/statement: All are trained in the new release\./);
  expect(existsSync(join(root, `${file}.sig`))).toBe(true);
  expect(attest({ item: 'P1-TEA-001', days: '300' })).toBe(70);
  expect(existsSync(join(root, file))).toBe(false);
  expect(attest({ item: 'P1-CLU-001' })).toBe(64);
  expect(attest({ item: 'P1-TEA-002' })).toBe(64);
  expect(told).toMatch(/it is measured.*\n.*did you mean P1-TEA-001/s);
});

it('waives what may be waived, and leaves the file as it was where it may not', () => {
  const file = join(root, 'specs/small/waivers.yaml');
  const until = new Date(Date.now() + 86_400_000).toISOString();
  const waiver = { reason: 'No user is hit by it', approver: 'Ada Lovelace', ticket: 'OPS-1', until };
  expect(waive({ item: 'P1-CLU-001', ...waiver })).toBe(0);
  const before = readFileSync(file, 'utf8');
  for (const wrong of [
    { item: 'P1-CLU-009' },
    { item: 'P1-CLU-001' },
    { item: 'P1-TEA-001', reason: 'todo' },
    { item: 'P1-TEA-001', until: '9999-01-01T00:00:00Z' },
  ]) {
    expect(waive({ ...waiver, ...wrong }), JSON.stringify(wrong)).toBe(64);
    expect(readFileSync(file, 'utf8')).toBe(before);
  }
  expect(waive({ item: 'P1-TEA-001', ...waiver })).toBe(0);
  expect(readFileSync(file, 'utf8').match(/item:/g)).toHaveLength(2);
});

it('is told before launch day who cannot sign', () => {
  const compiled = compileSelected(root, {});
  if (!('plan' in compiled)) throw new Error('it does not compile');
  const item = { ...compiled.plan.items[0], id: 'S', kind: 'people/signature', role: 'platform-team', signOff: true };
  const named = compiled.plan.signing;
  if (!named) throw new Error('nobody signs');
  const signing = { ...named, authors: [] };
  const plan = { ...compiled.plan, signing, items: [item as (typeof compiled.plan.items)[number]] };
  const unnamed = Object.fromEntries(
    Object.entries(plan).filter(([name]) => name !== 'signing'),
  ) as unknown as typeof compiled.plan;
  const [nobody] = signingFindings(root, unnamed, new Date());
  expect(nobody?.text).toMatch(/^no person is named for platform-team: .*it can never be GO$/);
  expect(nobody?.fix).toMatch(/under roles, write platform-team: .*allowed_signers, a line for each person/);
  const states = (): string[] => signingFindings(root, plan, new Date()).map(({ state }) => state);
  expect(states()).toEqual(['ok']);
  const twice = { ...plan, items: [...plan.items, { ...plan.items[0], id: 'T', role: 'other' }] as typeof plan.items };
  const roles = { ...signing.roles, other: { signers: ['platform-team@rehearsal'], quorum: 1 } };
  const two = signingFindings(root, { ...twice, signing: { ...signing, roles } }, new Date());
  expect(two.map(({ text }) => text).join()).toMatch(/nobody may sign for two roles/);
  rmSync(join(root, '.golive/rehearsal/signers/allowed_signers'));
  expect(states()).toEqual(['warn']);
  expect(signingFindings(root, { ...plan, signing: { ...signing, authors: null } }, new Date())[0]?.state).not.toBe(
    'ok',
  );
});
