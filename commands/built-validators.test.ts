/** The validators of the build are used, and reach no `require` that a test runner may have hooked. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { ROOT } from '../tests/harness/cli.ts';

/** Tells on stderr what passes through `require`, as Babel's hook would see it, and what ajv compiles. */
const SPY = `
  const { Module } = require('node:module');
  const compile = Module.prototype._compile;
  Module.prototype._compile = function (content, filename) {
    if (content.length > 200_000 && !/golive[^/]*\\.js$/.test(filename)) console.error('hooked ' + filename);
    return compile.call(this, content, filename);
  };
  const NewFunction = globalThis.Function;
  globalThis.Function = new Proxy(NewFunction, {
    construct(target, args) { console.error('compiled'); return Reflect.construct(target, args); },
  });`;

it('compiles schemas of neither kinds nor files again, and hands no big file to a hook', () => {
  const spy = `data:text/javascript,${encodeURIComponent(`import { createRequire } from 'node:module'; const require = createRequire('/');${SPY}`)}`;
  const run = spawnSync(process.execPath, ['--import', spy, join(ROOT, 'dist/golive.js'), 'validate'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(run.status, run.stderr).toBe(0);
  expect(run.stderr).not.toContain('hooked');
  // Only the schemas that items bring along, for answers of services, are compiled.
  expect(run.stderr.split('compiled').length - 1).toBeLessThan(6);
});

it('finds the names of a CommonJS package that a part of the command line imports lazily', async () => {
  const dist = join(ROOT, 'dist');
  const chunks = JSON.parse(readFileSync(join(dist, 'golive.chunks.json'), 'utf8')) as readonly string[];
  const chunk = chunks.find((name) => /^golive-redis-client-\w+\.js$/.test(name)) ?? '';
  expect(await import(pathToFileURL(join(dist, chunk)).href)).toMatchObject({
    createClient: expect.any(Function) as unknown,
  });
});
