/** The validators of the build are used, and reach no `require` that a test runner may have hooked. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../tests/harness/cli.ts';

/** Tells on stderr what passes through `require`, as Babel's hook would see it, and what ajv compiles. */
const SPY = `
  const { Module } = require('node:module');
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename) {
    if (content.length > 500_000 && !filename.endsWith('golive.js')) console.error('hooked ' + filename);
    return compile.call(this, content, filename);
  };
  const NewFunction = globalThis.Function;
  globalThis.Function = new Proxy(NewFunction, {
    construct(target, args) { console.error('compiled'); return Reflect.construct(target, args); },
  });`;

it('compiles the parameters of no kind again, and hands no big file to a hook', () => {
  const spy = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/');${SPY}`)}`;
  const run = spawnSync(process.execPath, ['--import', spy, join(ROOT, 'dist/golive.js'), 'validate'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(run.status, run.stderr).toBe(0);
  expect(run.stderr).not.toContain('hooked');
  // The checklist's and the environments' own schemas are compiled; there are more kinds than of these.
  expect(run.stderr.split('compiled').length - 1).toBeLessThan(20);
});
