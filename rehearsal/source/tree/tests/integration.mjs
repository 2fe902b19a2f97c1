import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withServices } from './running.mjs';

describe('api and learning system', () => {
  it('is ready', () => withServices(async ({ get }) => assert.equal((await get('/ready')).status, 200)));
  it('classifies for a user', () =>
    withServices(async ({ predict }) => {
      const answer = await predict([6.3, 3.3, 6.0, 2.5]);
      assert.equal(answer.status, 200);
      assert.equal(answer.body.label, 'virginica');
    }));
  it('passes on why an input was refused', () =>
    withServices(async ({ predict }) => {
      const answer = await predict([1, 2]);
      assert.equal(answer.status, 400);
      assert.match(answer.body.error, /4 numbers/);
    }));
  it('knows no other path', () => withServices(async ({ get }) => assert.equal((await get('/')).status, 404)));
});
