import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decide } from '../../reports/decide/decide.ts';
import { inputOf, itemOf, planOf, recordOf } from '../../reports/decide/testing/inputs.ts';
import { peopleKeys } from '../../specs/loader/people/keys.ts';
import { loadPeople } from '../../specs/loader/people/load.ts';
import { createLevers } from '../levers.ts';
import { makeLedgerKey } from '../ledger-key.ts';
import { addPeople } from './signers.ts';

const ROLE = 'product-owner';
const item = itemOf('P1-TEA-001', {
  kind: 'people/attestation',
  role: ROLE,
  params: { statement: 'The team is trained', maxDays: 90, needsEvidence: false },
});
const plan = planOf([item], {
  environment: { ...planOf([item]).environment, name: 'rehearsal', rehearsal: true },
  signing: {
    roles: { [ROLE]: { signers: [`${ROLE}@rehearsal`], quorum: 1 } },
    twoPerson: true,
    excludeAuthors: true,
    authors: [],
  },
});
let root: string;
let dir: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-signers-'));
  dir = join(root, '.golive', 'rehearsal');
  mkdirSync(dir, { recursive: true });
  mkdirSync(join(root, 'specs/sample/rehearsal'), { recursive: true });
  const release = plan.release.version;
  writeFileSync(
    join(root, 'specs/sample/checklist.yaml'),
    `roles: { ${ROLE}: Product owner }\nrelease: { version: ${release} }\n`,
  );
  writeFileSync(
    join(root, 'specs/sample/rehearsal/people.yaml'),
    `attestations:\n  - { item: P1-TEA-001, role: ${ROLE}, statement: All are trained }\n`,
  );
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function outcome(): string | undefined {
  const { attestations, problems } = loadPeople(root, plan);
  expect(problems).toEqual([]);
  const outcomes = [
    recordOf(plan, 'P1-TEA-001', 'pending', { reason: 'needs-attestation', startedAt: new Date().toISOString() }),
  ];
  return decide(inputOf(plan, { outcomes, attestations, now: new Date() })).items[0]?.outcome;
}

it('its people attest with keys for which its cluster vouches, and faults take that back', async () => {
  const levers = createLevers();
  const uid = makeLedgerKey(dir);
  addPeople(dir, uid, levers);
  expect(peopleKeys(root, plan).cluster).toBe(uid);
  expect(outcome()).toBe('pass');
  for (const [lever, args] of [
    ['people.revoke-keys', {}],
    ['people.change-attestation', { item: 'P1-TEA-001' }],
  ] as const) {
    const release = await levers.pull(lever, args);
    expect(outcome(), lever).toBe('fail');
    await release();
    expect(outcome(), lever).toBe('pass');
  }
});
