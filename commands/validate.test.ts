/** `golive validate` on waivers and attestations, as people use it. */
import { describe, expect, it } from 'vitest';
import { makeProject, phaseText } from '../specs/loader/testing/project.ts';
import { bundledCli, type CliResult } from '../tests/harness/cli.ts';

const golive = bundledCli();
const ITEM = '  - { id: P1-NET-001, title: T, kind: planned, source: 1, severity: major, owner: platform-team }\n';
const FULL = {
  item: 'P1-NET-001',
  environment: 'rehearsal',
  release: 'v1.0.0',
  reason: 'Accepted',
  approver: 'Grace',
  ticket: 'OPS-1',
  expires: new Date(Date.now() + 24 * 3_600_000).toISOString(),
};

function validate(files: Readonly<Record<string, string>>): CliResult {
  const project = makeProject({ 'specs/small/phase1.yaml': phaseText(ITEM), ...files });
  try {
    return golive(['validate'], project.root);
  } finally {
    project.remove();
  }
}
const waivers = (...entries: readonly object[]): Readonly<Record<string, string>> => ({
  'specs/small/waivers.yaml': `apiVersion: golive/v1\nwaivers:\n${entries.map((entry) => `  - ${JSON.stringify({ ...FULL, ...entry })}\n`).join('')}`,
});

describe('golive validate', () => {
  it('refuses waivers and attestations that are wrong, each with its place, together with the checklist', () => {
    const { status, stdout, stderr } = validate({
      ...waivers({}, { aprover: 'Bob' }, { release: 'v2', expires: 'tomorrow' }),
      'specs/small/attestations/a.yaml': `apiVersion: golive/v1\nattestations:\n  - ${JSON.stringify({ ...FULL, role: 'platform-taem' })}\n`,
      'specs/small/phase1.yaml': phaseText(ITEM + ITEM.replace('severity: major', 'severity: huge')),
    });
    expect([status, stdout]).toEqual([64, '']);
    expect(stderr).toMatch(/specs\/small\/waivers\.yaml:4:\d+: .*Did you mean "approver"\?/);
    expect(stderr).toMatch(/specs\/small\/waivers\.yaml:5:\d+: waivers\[2\]\.expires: .*Write for example 2027/);
    expect(stderr).toMatch(/specs\/small\/attestations\/a\.yaml:3:\d+: /);
    expect(stderr).toMatch(/specs\/small\/phase1\.yaml:7:\d+: .*severity/);
    expect(stderr).toMatch(/problems in 3 files\n$/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it('warns of what covers nothing, and is content', () => {
    const { status, stdout, stderr } = validate(
      waivers({ item: 'P1-NET-002' }, { expires: '2020-01-01T00:00:00Z' }, { release: 'v0.9.0' }, { subject: 'x' }),
    );
    expect([status, stderr.split('\n').length - 1]).toEqual([0, 4]);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:3:5: warning: .*\(did you mean P1-NET-001\?\)/m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:4:5: warning: .* expired at 2020/m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:5:5: warning: .* is for release v0\.9\.0/m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:6:5: warning: .* nothing waives an item that is planned/m);
    expect(stdout).toContain('Beside it: 4 waivers.');
  });

  it('refuses waivers of blanks, for ever and for no reason, with the place of each', () => {
    const { status, stderr } = validate(
      waivers({ expires: '2999-01-01T00:00:00Z' }, { approver: '\u3000\u2800' }, { reason: 'n/a' }, { ticket: ' - ' }),
    );
    expect(status).toBe(64);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:3:\d+: waivers\[0\]\.expires: is more than a year from now/m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:4:\d+: waivers\[1\]\.approver: does not have the right form/m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:5:\d+: waivers\[2\]\.reason: /m);
    expect(stderr).toMatch(/^specs\/small\/waivers\.yaml:6:\d+: waivers\[3\]\.ticket: /m);
    expect(stderr).toContain('4 problems in 1 file');
  });

  it('knows a checklist by the name of its folder, and says which there are', () => {
    const project = makeProject({ 'specs/small/phase1.yaml': phaseText(ITEM) });
    try {
      expect(golive(['validate', '--checklist', 'small'], project.root).status).toBe(0);
      expect(golive(['validate', '--checklist', 'specs/small/checklist.yaml'], project.root).status).toBe(0);
      const wrong = golive(['validate'], project.root, { GOLIVE_CHECKLIST: 'specs/smal' });
      expect(wrong.status).toBe(64);
      expect(wrong.stderr).toBe(
        'specs/smal/checklist.yaml: there is no such checklist. Allowed: specs/small. Did you mean "specs/small"? ' +
          'Fix: Set GOLIVE_CHECKLIST to one of them or to the path of a file.\n1 problem in 1 file\n',
      );
    } finally {
      project.remove();
    }
  });
});
