import { expect, it } from 'vitest';
import { allocated } from './open-cost.ts';

const answer = (shop: object, others: object = {}) => ({ code: 200, data: [{ shop, ...others }] });

it('makes an hourly cost of what was allocated, over its own minutes', () => {
  expect(allocated(answer({ minutes: 60, totalCost: 3 }), { window: '1h', name: 'shop' }).perHour).toBe(3);
  // Younger than the window, while others are as old as it.
  const young = answer({ minutes: 30, totalCost: 3 }, { other: { minutes: 60, totalCost: 1 } });
  expect(allocated(young, { window: '1h', name: 'shop' }).perHour).toBe(6);
});

it('doubts data that begin a day ago when a week was asked for', () => {
  const day = answer({ minutes: 1435, totalCost: 39.6 }, { 'kube-system': { minutes: 1435, totalCost: 9.3 } });
  expect(allocated(day, { window: '7d', name: 'shop' })).toMatchObject({
    perHour: null,
    doubt: { reason: 'too-few-samples', why: 'OpenCost’s data cover 1435 of 10080 minutes.' },
  });
});

it.each([
  [{ minutes: 0, totalCost: 3 }, 'unknown-value'],
  [{ minutes: -5, totalCost: 3 }, 'unknown-value'],
  [{ minutes: 60, totalCost: -3 }, 'unknown-value'],
  [{ minutes: 60 }, 'unknown-value'],
])('doubts %j', (shop, reason) => {
  expect(allocated(answer(shop), { window: '1h', name: 'shop' }).doubt?.reason).toBe(reason);
});

it('does not take idle capacity for a release', () => {
  const idle = answer({ minutes: 10, totalCost: 1 }, { __idle__: { minutes: 60, totalCost: 9 } });
  expect(allocated(idle, { window: '1h', name: 'shop' }).doubt?.reason).toBe('too-few-samples');
  expect(allocated(idle, { window: '1h', name: 'gone' }).doubt?.reason).toBe('no-subjects');
});
