import { expect, it } from 'vitest';
import { shownLine } from './check.ts';

it('shows lines, but none that holds a credential', () => {
  expect(shownLine('{"level":"error","message":"no answer"}')).toBe('{"level":"error","message":"no answer"}');
  const hidden = shownLine('{"level":"error","message":"cannot reach postgres://shop:hunter2@db:5432/shop"}');
  expect(hidden).toBe('(a line that holds a credential is not shown: URL with a password)');
  expect(shownLine('x'.repeat(400))).toHaveLength(300 + '… (100 more characters)'.length);
});
