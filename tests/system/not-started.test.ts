/** Runs that cannot even start: what is said, the exit code, and that no earlier GO is left standing. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { gateProjects } from '../harness/gate-projects.ts';
import { recordRun } from '../harness/recorded-run.ts';

const make = gateProjects();

describe('a run that is refused', () => {
  it('says why in a line each, and withdraws the GO before it unless only its words were wrong', async () => {
    const project = await make([{ phase: 'phase1', items: [{ id: 'P1-ONE-001' }] }]);
    const good = recordRun(project, [['P1-ONE-001', 'pass']]);
    expect([good.exitCode, good.decision?.decision], good.output).toEqual([0, 'GO']);
    const list = await project.run(['--list'], { GOLIVE_ENV: 'nowhere' });
    expect([list.exitCode, list.decision?.decision], list.output).toEqual([64, 'GO']);

    // Nothing was looked at, and nothing that was has changed: a slip of the fingers costs no decision.
    const option = await project.run(['--shuffle']);
    expect([option.exitCode, option.decision?.decision], option.output).toEqual([64, 'GO']);
    expect(option.output).toContain('What was decided before, if anything was, stands.');

    const environment = await project.run([], { GOLIVE_ENV: 'smal' });
    expect(environment.exitCode).toBe(64);
    expect(environment.output).toMatch(
      /^fixtures\/environments\/smal\.yaml: there is no such environment\. Allowed: small\. Did you mean "small"\?/m,
    );
    const page = readFileSync(join(project.root, 'reports/out/index.html'), 'utf8');
    expect(page).toContain('<h1>HOLD</h1>');
    expect(environment.decision).toMatchObject({
      decision: 'HOLD',
      readiness: 'HOLD',
      decisionWithoutWaivers: 'HOLD',
      selected: { decision: 'HOLD' },
      phases: [{ decision: 'HOLD' }],
      reasons: [{ code: 'run-incomplete', text: expect.stringContaining('could not start') as string }],
    });

    const checklist = await project.run([], { GOLIVE_CHECKLIST: 'specs/smal' });
    expect(checklist.exitCode).toBe(64);
    expect(checklist.output).toMatch(
      /^specs\/smal\/checklist\.yaml: there is no such checklist\. Allowed: specs\/small\./m,
    );
    for (const { output } of [environment, checklist, option]) expect(output).not.toMatch(/\n\s+at |Error:/);
  });
});
