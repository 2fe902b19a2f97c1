/** Of the crash matrix a point of three rows: while traffic moves, when it has moved, and during the rollback. */
import { describe, it } from 'vitest';
import { crashes } from './cells.ts';
import { interruptRun, killBothThenRollBack, killCutover } from './rows.ts';

const { cell } = crashes();

describe.concurrent('the crash matrix', () => {
  it('kill -9 of both, then golive rollback, at shifting', async () => {
    await cell('shifting', killBothThenRollBack);
  });
  it('kill -9 of the cutover at shifted', async () => {
    await cell('shifted', killCutover);
  });
  it('SIGINT to the run at rollback-act', async () => {
    await cell('rollback-act', interruptRun);
  });
});
