import { expect, it } from 'vitest';
import { seenOf } from './seen.ts';

it('splits a text into what was seen and what was not', () => {
  const sees =
    'The server’s version (major; minor), asked of it; that it takes writes. Never a replica. Not: its load; or its disk.';
  expect(seenOf({ sees })).toEqual({
    seen: ['The server’s version (major; minor), asked of it', 'that it takes writes', 'Never a replica'],
    not: ['its load; or its disk'],
  });
});

it('keeps lists as they are', () => {
  expect(seenOf({ sees: ['A. B; c'], not: ['D'] })).toEqual({ seen: ['A. B; c'], not: ['D'] });
  expect(seenOf({ sees: 'One connection.', not: ['A second one'] })).toEqual({
    seen: ['One connection'],
    not: ['A second one'],
  });
});
