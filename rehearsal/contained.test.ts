import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { isOfKubernetes } from './contained.ts';

const folder = await mkdtemp(join(tmpdir(), 'golive-contained-'));
afterAll(() => rm(folder, { recursive: true, force: true }));
const BUNDLE = `// node_modules/@ngrok/webernetes/dist/go/time.js
function validateInterval() {
  throw new Error('Ticker interval must be greater than 0');
}

// rehearsal/own.ts
function own() {
  throw new Error('our own');
}
export const kubernetes = () => validateInterval();
export { own };
`;

/** What a function of the bundle throws; its stack names the bundle, as in the rehearsal's process. */
function errorAt(line: number): Error {
  const error = new Error('thrown');
  error.stack = `Error: thrown\n    at new Ticker (${pathToFileURL(join(folder, 'bundle.js')).href}:${line}:9)\n    at async main (node:internal/process/task_queues:95:5)`;
  return error;
}

describe('what the embedded Kubernetes throws', () => {
  it('is told from what the rehearsal itself throws, in a bundle and outside', async () => {
    await writeFile(join(folder, 'bundle.js'), BUNDLE);
    expect(isOfKubernetes(errorAt(3))).toBe(true);
    expect(isOfKubernetes(errorAt(8))).toBe(false);
    const outside = new Error('thrown');
    outside.stack = 'Error: thrown\n    at run (/app/node_modules/@ngrok/webernetes/dist/worker.js:1:1)';
    expect(isOfKubernetes(outside)).toBe(true);
    expect(isOfKubernetes(new Error('here'))).toBe(false);
    expect(isOfKubernetes('no error')).toBe(false);
  });
});
