/** Rows of the crash matrix that `npm test` tries at a point each, and `npm run test:matrix` at all of them. */
import { expect } from 'vitest';
import { tryKill } from '../../harness/processes.ts';
import { decisionOf, expectBack, expectOld, goesBack, goOn, type Halted } from './cells.ts';

export async function interruptRun({ run, pid, point }: Halted): Promise<void> {
  run.signalRunner('SIGINT');
  await run.saying('interrupted');
  goOn(pid);
  await expectBack(run, [goesBack(point) ? 'item-failed' : 'interrupted']);
  expect(run.of('rollback-begun')).toHaveLength(1);
  expect(run.decided).toMatchObject({ exitCode: 130 });
}

export async function killCutover({ run, pid, point }: Halted): Promise<void> {
  tryKill(pid, 'SIGKILL');
  // Why it went back the first time is still why.
  await expectBack(run, [goesBack(point) ? 'item-failed' : 'asked']);
  expect(run.told).toContain('The process of the cutover died.');
  expect(run.decided).toMatchObject({ decision: 'NO-GO' });
}

export async function killBothThenRollBack({ run, pid }: Halted): Promise<void> {
  run.signalRunner('SIGKILL');
  tryKill(pid, 'SIGKILL');
  await run.allGone();
  expect(decisionOf(run)).toBe('HOLD');
  const { code, output } = await run.rollback().ended;
  expect({ code, output }).toMatchObject({ code: 0 });
  expect(output).toContain('verified after');
  await expectOld(run);
}
