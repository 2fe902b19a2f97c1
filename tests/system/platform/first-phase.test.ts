/** One phase of the platform's checklist as somebody runs it who has just installed golive: on a rehearsal that the run starts and ends. */
import { afterAll, expect, it } from 'vitest';
import { verifyLedger } from '../../../reports/record/ledger/verify.ts';
import { processTree, survivors } from '../../harness/process-tree.ts';
import { summary, passedItems, PlatformProject, redItems, until } from '../../harness/platform-project.ts';

const project = new PlatformProject();
afterAll(() => project.remove());

it('phase 1 is GO, and nothing of the rehearsal is left', async () => {
  const run = project.start(['--project=phase1']);
  await until('the rehearsal runs', () => project.rehearsalPid() !== 0);
  await project.rehearsalReady();
  const seen = processTree(project.rehearsalPid());
  const result = await run.ended;
  expect(redItems(result), result.output).toEqual({});
  expect(passedItems(result).length).toBeGreaterThan(25);
  expect(summary(result), result.output).toEqual({ exitCode: 0, decision: 'HOLD', selected: 'GO' });
  expect(verifyLedger(project.root)).toMatchObject({ damage: [], unsigned: [], signers: { 'its rehearsal': 1 } });
  expect(await survivors(seen, 20_000)).toEqual([]);
});
