/** What the api answers under a little load, in one process with what it asks: a first look, long before anything is deployed. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { withServices } from './running.mjs';

const REQUESTS = 80;
const CLIENTS = 4;

async function measure() {
  const took = [];
  let failed = 0;
  await withServices(async ({ predict }) => {
    await predict([5.1, 3.5, 1.4, 0.2]);
    const client = async () => {
      for (let n = 0; n < REQUESTS / CLIENTS; n += 1) {
        const begun = performance.now();
        const answer = await predict([5.1, 3.5, 1.4, 0.2]);
        took.push(performance.now() - begun);
        if (answer.status !== 200) failed += 1;
      }
    };
    await Promise.all(Array.from({ length: CLIENTS }, client));
  });
  took.sort((a, b) => a - b);
  return { failed, answered: took.length, p95: took[Math.ceil(took.length * 0.95) - 1] };
}

describe('api under load', async () => {
  const { failed, answered, p95 } = await measure();
  it(`answers all of ${REQUESTS} requests`, () => assert.equal(answered, REQUESTS));
  it('answers none with an error', () => assert.equal(failed, 0));
  it('has a 95th percentile below 500 ms', () => assert.ok(p95 < 500, `${p95.toFixed(1)} ms`));
});
