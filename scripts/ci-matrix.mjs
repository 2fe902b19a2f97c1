/** The matrix in CI: `node scripts/ci-matrix.mjs MINUTES`. What was red twice fails; what had no time is told. */
import { testsAgain } from './tests-again.mjs';

const minutes = Number(process.argv[2] ?? Number.NaN);
if (!(minutes > 0)) {
  process.stderr.write('Usage: node scripts/ci-matrix.mjs MINUTES\n');
  process.exit(64);
}
const verdict = await testsAgain(['--project', 'matrix*'], Date.now() + minutes * 60_000);
if (verdict === 'unfinished')
  process.stdout.write(`\nThe matrix was not over after ${minutes} minutes; nothing was red twice until then.\n`);
process.exitCode = verdict === 'red' ? 1 : 0;
