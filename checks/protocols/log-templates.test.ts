import { expect, it } from 'vitest';
import { templateOf, templatesOf } from './log-templates.ts';

it.each([
  [
    '{"level":"error","message":"request failed","why":"timeout after 532 ms","pod":"a-1"}',
    'error: request failed: timeout after <number> ms',
  ],
  ['{"severity":"ERROR","msg":"user 17 is gone"}', 'error: user <number> is gone'],
  [
    '{"level":"error","message":"no such order","err":{"message":"id 8f3a91c2 missing"}}',
    'error: no such order: id <id> missing',
  ],
  [
    '2026-01-15T12:00:00.123Z ERROR connection to 10.1.2.3:5432 refused',
    '<time> ERROR connection to <address> refused',
  ],
  [
    'ERROR cannot load "/tmp/x y" for ann@shop.test from https://a.test/b?c=1',
    'ERROR cannot load <text> for <mail> from <url>',
  ],
  ['ERROR job 1b4e28ba-2fa1-11d2-883f-0016d3cca427   failed', 'ERROR job <uuid> failed'],
  ['{"broken', '{"broken'],
])('%s', (line, expected) => expect(templateOf(line)).toBe(expected));

it('lines that differ in what they are about are one template', () => {
  const lines = ['ERROR shard-1 took 3s', 'ERROR shard-22 took 4.5s', 'ERROR no shard'];
  expect([...templatesOf(lines)]).toEqual([
    ['ERROR shard-<number> took <number>', 2],
    ['ERROR no shard', 1],
  ]);
});
