import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { classify, readFeatures } from '../services/learning-system/src/classifier.mjs';
import { primes, statistics } from '../services/rust-server/src/computations.mjs';
import { issueToken, verifyToken } from '../services/typescript-api/src/token.mjs';

const FLOWERS = [
  { label: 'setosa', features: [5.1, 3.5, 1.4, 0.2] },
  { label: 'versicolor', features: [5.9, 3.0, 4.2, 1.5] },
  { label: 'virginica', features: [6.3, 3.3, 6.0, 2.5] },
];

describe('classifier', () => {
  for (const { label, features } of FLOWERS) it(`knows ${label}`, () => assert.equal(classify(features).label, label));
  it('gives a probability', () => {
    const { probability } = classify([5.1, 3.5, 1.4, 0.2]);
    assert.ok(probability > 0.9 && probability <= 1);
  });
  it('takes four lengths and nothing else', () => {
    assert.deepEqual(readFeatures([1, 2, 3, 4]), [1, 2, 3, 4]);
    for (const wrong of [[1, 2, 3], [1, 2, 3, -4], [1, 2, 3, 'x'], 'text', null])
      assert.equal(readFeatures(wrong), undefined);
  });
});

describe('computations', () => {
  it('finds the primes', () => assert.deepEqual(primes(20), [2, 3, 5, 7, 11, 13, 17, 19]));
  it('finds none below two', () => assert.deepEqual(primes(1), []));
  it('gives mean and variance', () =>
    assert.deepEqual(statistics([2, 4, 6]), { count: 3, mean: 4, variance: 4, minimum: 2, maximum: 6 }));
  it('refuses work without end', () => assert.throws(() => primes(1e9), RangeError));
});

describe('token', () => {
  it('is valid until it expires', () => {
    const token = issueToken('anna', 'a key', 60, 1000);
    assert.equal(verifyToken(token, 'a key', 1059), 'anna');
    assert.equal(verifyToken(token, 'a key', 1060), undefined);
  });
});
