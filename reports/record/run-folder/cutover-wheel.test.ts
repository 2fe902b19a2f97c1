import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { askAtWheel, wheelRequests } from './cutover-wheel.ts';

const runDir = mkdtempSync(join(tmpdir(), 'golive-wheel-'));
afterAll(() => rmSync(runDir, { recursive: true, force: true }));

it('keeps requests in their order; one that cannot be read holds', () => {
  expect(wheelRequests(runDir)).toEqual([]);
  const about = { by: 'ada@desk', reason: 'Looking' };
  const first = askAtWheel(runDir, { say: 'hold', ...about });
  const second = askAtWheel(runDir, { say: 'resume', ...about });
  expect(wheelRequests(runDir)).toEqual([first, second]);
  writeFileSync(join(runDir, 'cutover-wheel', '000003-torn.json'), '{"say":"res');
  writeFileSync(join(runDir, 'cutover-wheel', '000004-half.json.new'), '{');
  expect(wheelRequests(runDir).slice(2)).toMatchObject([{ id: '000003-torn', say: 'hold', by: 'somebody' }]);
  expect(askAtWheel(runDir, { say: 'abort', ...about }).id).toMatch(/^000004-/);
});
