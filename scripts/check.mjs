/**
 * `npm run check`: what a change must pass and what CI runs. What needs no test goes first, side by side, then the tests. With `--again`, as
 * in CI, a red test file runs once more alone, and that counts.
 * `npm run check:changed`: the same of what differs from main, in seconds: of the tests that start no programs those that import it,
 * and all beside it; ESLint's answers from its cache, which may be stale where a type changed in another file.
 */
import { mkdirSync } from 'node:fs';
import { changedFiles, existing, nearestTests, SOURCE } from './changed.mjs';
import { testsAgain } from './tests-again.mjs';
import { onTerminal, sideBySide } from './steps.mjs';

const CACHE = 'node_modules/.cache/golive';
const PRETTIER = ['prettier', '--check', '--cache', '--cache-location', `${CACHE}/prettier`];
const TYPES = ['tsc', '--noEmit', '--incremental', '--tsBuildInfoFile', `${CACHE}/types.tsbuildinfo`];
const TYPES_K6 = ['tsc', '--noEmit', '--project', 'tsconfig.k6.json'];
const STRUCTURE = ['structure', 'node', 'scripts/lint-structure.mjs'];
const PACKAGE = ['types of the package', 'node', 'scripts/package-types.mjs'];
const GENERATED = ['generated files', 'node', 'dist/golive.js', 'generate', '--check'];
const QUICK = ['--project', '!matrix*'];
const QUICKEST = ['--project', 'pure', '--project', 'servers'];

mkdirSync(CACHE, { recursive: true });
const failed = process.argv.includes('--changed') ? await checkChanged() : await checkAll();
if (failed.length > 0) {
  process.stderr.write(`\nRED: ${failed.join(', ')}\n`);
  process.exitCode = 1;
}

async function checkAll() {
  if ((await onTerminal(['node', 'build.mjs'])) !== 0) return ['build'];
  // The longest first: it has a core to itself while the others share one.
  const red = await sideBySide([
    ['lint', 'eslint', '.'],
    ['types', ...TYPES],
    ['types of scripts for k6', ...TYPES_K6],
    ['format', ...PRETTIER, '.'],
    STRUCTURE,
    PACKAGE,
    GENERATED,
  ]);
  const isGreen = process.argv.includes('--again')
    ? (await testsAgain(QUICK)) === 'green'
    : (await onTerminal(['vitest', 'run', ...QUICK])) === 0;
  return isGreen ? red : [...red, 'tests'];
}

async function checkChanged() {
  const changed = changedFiles();
  const files = existing(changed);
  if (changed.length === 0) {
    process.stdout.write('Nothing differs from main.\n');
    return [];
  }
  process.stdout.write(`${changed.length} files differ from main.\n`);
  if ((await onTerminal(['node', 'build.mjs'])) !== 0) return ['build'];
  const sources = files.filter((file) => SOURCE.test(file));
  const red = await sideBySide([
    ['types', ...TYPES],
    ['types of scripts for k6', ...TYPES_K6],
    ...(sources.length > 0
      ? [['lint', 'eslint', '--cache', '--cache-location', `${CACHE}/eslint`, '--no-warn-ignored', ...sources]]
      : []),
    ...(files.length > 0 ? [['format', ...PRETTIER, '--ignore-unknown', ...files]] : []),
    STRUCTURE,
    PACKAGE,
    GENERATED,
  ]);
  const test = async (name, ...args) => {
    if ((await onTerminal(['vitest', ...args])) !== 0) red.push(name);
  };
  if (sources.length > 0) await test('related tests', 'related', '--run', '--passWithNoTests', ...QUICKEST, ...sources);
  // Also of what no module imports: cases, manifests, checklists.
  const beside = nearestTests(changed);
  if (beside.length > 0) await test('tests beside it', 'run', '--passWithNoTests', ...QUICK, ...beside);
  return red;
}
