import { describe, expect, it } from 'vitest';
import { addQuantities, compareQuantities, parseQuantity, QuantityError, quantityToNumber } from './quantity.ts';

describe('parseQuantity', () => {
  it.each([
    ['0', 0n],
    ['1', 1_000_000_000n],
    ['+1', 1_000_000_000n],
    ['-1', -1_000_000_000n],
    ['100m', 100_000_000n],
    ['1u', 1_000n],
    ['1n', 1n],
    ['0.1n', 1n],
    ['-0.1n', -1n],
    ['1.0000000001', 1_000_000_001n],
    ['.5', 500_000_000n],
    ['5.', 5_000_000_000n],
    ['1k', 1_000n * 1_000_000_000n],
    ['1.5G', 1_500_000_000n * 1_000_000_000n],
    ['1E', 10n ** 18n * 1_000_000_000n],
    ['0.5Ki', 512n * 1_000_000_000n],
    ['1.5Gi', 1_610_612_736n * 1_000_000_000n],
    ['1Ei', 1_152_921_504_606_846_976n * 1_000_000_000n],
    ['1e3', 1_000n * 1_000_000_000n],
    ['1E3', 1_000n * 1_000_000_000n],
    ['1e-3', 1_000_000n],
    ['12e+2', 1_200n * 1_000_000_000n],
    [2, 2_000_000_000n],
    [0.25, 250_000_000n],
  ])('%s', (text, nanos) => {
    expect(parseQuantity(text).nanos).toBe(nanos);
  });

  it.each([
    '',
    ' 1',
    '1 ',
    'm',
    '.',
    '1K',
    '1ki',
    '1KI',
    '1mi',
    '1GB',
    '1Gib',
    '1e',
    '1e3Ki',
    '1..5',
    '1,5',
    '0x10',
    '--1',
    '1e999999',
    '1e500',
    'NaN',
    Number.NaN,
    Number.POSITIVE_INFINITY,
    null,
    undefined,
    true,
    {},
  ])('refuses %j', (value) => {
    expect(() => parseQuantity(value)).toThrow(QuantityError);
  });

  it('says what was found and what was expected', () => {
    expect(() => parseQuantity('1GB')).toThrow(
      '"1GB" is not a quantity: expected a number with an optional suffix, such as 500m, 1.5, 2Gi or 1e3',
    );
  });
});

it.each([
  ['1', '1000m', 0],
  ['1Gi', '1G', 1],
  ['1000Mi', '1Gi', -1],
  ['9007199254740993', '9007199254740992', 1],
  ['-1', '0', -1],
] as const)('%s compared with %s', (a, b, order) => {
  expect(compareQuantities(parseQuantity(a), parseQuantity(b))).toBe(order);
});

it('adds exactly', () => {
  const sum = addQuantities(['100m', '200m', '1'].map(parseQuantity));
  expect(sum).toEqual({ nanos: 1_300_000_000n, text: '1.3' });
  expect(addQuantities([])).toEqual({ nanos: 0n, text: '0' });
  expect(addQuantities([parseQuantity('-1500m')]).text).toBe('-1.5');
});

it.each([
  ['250m', 0.25],
  ['0.1', 0.1],
  ['1Gi', 1_073_741_824],
  ['-1n', -1e-9],
] as const)('%s as a number', (text, number) => {
  expect(quantityToNumber(parseQuantity(text))).toBe(number);
});
