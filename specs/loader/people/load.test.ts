import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { renderProblem } from '../problems.ts';
import { itemOf, planOf } from '../../../reports/decide/testing/inputs.ts';
import { loadPeople, readPeople } from './load.ts';

const plan = planOf([
  itemOf('P1-NET-001'),
  itemOf('P1-PPL-001', { kind: 'people/attestation', role: 'product-owner' }),
]);
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'golive-people-'));
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});
function write(file: string, text: string): void {
  const path = join(root, 'specs', 'sample', file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}
function waiver(over: Readonly<Record<string, string>> = {}): string {
  const fields = {
    item: 'P1-NET-001',
    environment: 'staging',
    release: '1.4.0',
    reason: 'known',
    approver: 'Ada',
    ticket: 'OPS-1',
    expires: '"2027-03-02T00:00:00Z"',
    ...over,
  };
  return `  - {${Object.entries(fields)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ')}}\n`;
}
const head = 'apiVersion: golive/v1\nwaivers:\n';
const told = (): string[] => readPeople(root, plan).problems.map(renderProblem);

describe('waivers.yaml', () => {
  it('may be absent', () => {
    expect(loadPeople(root, plan)).toEqual({ waivers: [], attestations: [], approvals: [], problems: [] });
  });

  it('gives each waiver its id and place', () => {
    write(
      'waivers.yaml',
      `${head}${waiver()}${waiver({ subject: '"Node a"' })}${waiver({ environment: 'production' })}`,
    );
    expect(loadPeople(root, plan)).toMatchObject({
      problems: [],
      waivers: [
        { id: 'P1-NET-001@staging', approver: 'Ada', place: 'specs/sample/waivers.yaml:3:5' },
        { id: 'P1-NET-001@staging#Node a', subject: 'Node a' },
        { id: 'P1-NET-001@production' },
      ],
    });
  });

  it('tells every problem with its place, and takes the sound ones', () => {
    write(
      'waivers.yaml',
      `${head}${waiver()}${waiver({ aprover: 'Bob' })}${waiver({ expires: '"2027-02-30T00:00:00Z"', release: '"2"' })}${waiver()}`,
    );
    expect(loadPeople(root, plan).waivers.map(({ place }) => place)).toEqual(['specs/sample/waivers.yaml:3:5']);
    const problems = told();
    expect(problems).toHaveLength(3);
    expect(problems[0]).toMatch(/^specs\/sample\/waivers\.yaml:4:\d+: .*aprover.*Did you mean "approver"\?/);
    expect(problems[1]).toMatch(/^specs\/sample\/waivers\.yaml:5:\d+: waivers\[2\]\.expires: is no RFC 3339 time/);
    expect(problems[2]).toMatch(
      /^specs\/sample\/waivers\.yaml:6:\d+: waivers\[3\]\.item: says again what stands at .*:3/,
    );
  });

  it('tells an unknown item apart: it covers nothing, but is no invalid file', () => {
    write('waivers.yaml', head + waiver({ item: 'P1-NET-010' }));
    const { waivers, problems, unmatched } = readPeople(root, plan);
    expect([waivers.length, problems.length]).toEqual([1, 0]);
    expect(unmatched.map(renderProblem).join()).toMatch(/:3:\d+: .*matches no item .*Did you mean "P1-NET-001"\?/);
  });

  it.each([
    ['no YAML', 'waivers: ['],
    ['another version', head.replace('v1', 'v9') + waiver()],
    ['a list', '- a\n'],
    ['a key twice', `${head}${waiver()}waivers: []\n`],
  ])('covers nothing when it is %s', (_, text) => {
    write('waivers.yaml', text);
    const { waivers, problems } = loadPeople(root, plan);
    expect(waivers).toEqual([]);
    expect(problems.join()).toMatch(/specs\/sample\/waivers\.yaml:\d+:\d+/);
  });
});

describe('attestations', () => {
  const attestation = (item: string, role: string): string =>
    `  - {item: ${item}, environment: staging, release: 1.4.0, role: ${role}, approver: Grace, statement: trained, expires: "2027-03-02T00:00:00Z"}\n`;
  const start = 'apiVersion: golive/v1\nattestations:\n';

  it('count for items that ask a person', () => {
    write('attestations/a.yaml', start + attestation('P1-PPL-001', 'product-owner'));
    expect(loadPeople(root, plan)).toMatchObject({
      problems: [],
      attestations: [{ item: 'P1-PPL-001', approver: 'Grace' }],
    });
  });

  it('are refused for measured items, unknown roles and twice over', () => {
    write(
      'attestations/a.yaml',
      start + attestation('P1-NET-001', 'product-owner') + attestation('P1-PPL-001', 'product-owne'),
    );
    write('attestations/b.yaml', start + attestation('P1-PPL-001', 'platform-team'));
    write('attestations/c.yml', start + attestation('P1-PPL-001', 'platform-team'));
    expect(loadPeople(root, plan).attestations.map(({ place }) => place)).toEqual([
      'specs/sample/attestations/b.yaml:3:5',
    ]);
    expect(told().join('\n')).toMatch(
      /a\.yaml:3:\d+: .*which no statement can replace[^]*a\.yaml:4:\d+: .*no role of the checklist.*Did you mean "product-owner"\?[^]*c\.yml:3:\d+: .*says again/,
    );
  });
});
