import { expect, it } from 'vitest';
import { textsOf } from './check.ts';

it('reads what is text in binaryData, and leaves the rest alone', () => {
  const base64 = (bytes: string | readonly number[]): string => Buffer.from(bytes as string).toString('base64');
  expect(textsOf({ conf: base64('requirepass hunter2'), jks: base64([0xfe, 0xed, 0xfe, 0xed]) })).toEqual({
    conf: 'requirepass hunter2',
  });
  expect(textsOf(undefined)).toEqual({});
});
