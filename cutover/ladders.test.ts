import { expect, it } from 'vitest';
import { ladders } from './testing/ladders.ts';

// A thousand of each: `npm run bench -- ladders`.
it('50 ladders without a change stay', () => expect(ladders(50, {})).toMatchObject({ back: 0 }));

it.each([
  ['orders by the declared fifth', { orders: 0.8 }],
  ['a rating by two standard deviations', { rating: 2 }],
] as const)('of 50 that lose %s, 48 go back before all users are moved', (_, changes) => {
  const { beforeAll, by } = ladders(50, changes);
  expect(beforeAll).toBeGreaterThanOrEqual(48);
  expect([...by.keys()]).toEqual(['BUS']);
});

it('what users do otherwise within the hour, on either release, takes nothing back', () =>
  expect(ladders(20, { drift: 0.1 })).toMatchObject({ back: 0 }));
