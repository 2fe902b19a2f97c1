/**
 * Import circles (also those of types alone), file length and complexity, by oxlint: none of them needs types, and it reads the whole
 * tree in less than a CPU second. What is older than these rules stands in the baseline: rule → file → the sum of what it reports.
 * The baseline may only shrink: a file that gets worse fails, and so does an entry that is no longer needed. `--shrink` removes and
 * lowers entries; nothing adds one.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const BASELINE = 'scripts/structure-baseline.json';
const FIX = 'Split the file or the function; of a circle, move what both sides need into a file of its own.';

/** Rule → file → what is reported of it, and the sum of that. A circle counts 1. */
function measure() {
  const beside = (path) => fileURLToPath(new URL(path, import.meta.url));
  const args = [beside('../node_modules/oxlint/bin/oxlint'), '-c', beside('../.oxlintrc.json'), '-f', 'json', '.'];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', maxBuffer: 64 * 2 ** 20 });
  if (!stdout.startsWith('{')) throw new Error(`oxlint did not report: ${stdout}${stderr}`);
  const { diagnostics, number_of_files: files } = JSON.parse(stdout);
  if (files === 0) throw new Error('oxlint read no file, so nothing was judged.');
  const rules = {};
  for (const { code, message, note, filename, labels } of diagnostics) {
    const rule = /\((.+)\)/.exec(code)?.[1] ?? code;
    const of = ((rules[rule] ??= {})[filename.replaceAll('\\', '/')] ??= { sum: 0, texts: [] });
    of.sum += Number(/(?:complexity of |\()(\d+)/.exec(message)?.[1] ?? 1);
    of.texts.push(`${filename}:${labels[0]?.span.line}  ${rule}: ${message}${note ? `\n${note}` : ''}`);
  }
  return rules;
}

const entries = (rules) =>
  Object.entries(rules).flatMap(([rule, files]) =>
    Object.entries(files).map(([file, value]) => ({ rule, file, value })),
  );

const found = measure();
const baseline = existsSync(BASELINE) ? JSON.parse(readFileSync(BASELINE, 'utf8')) : {};
const worse = entries(found)
  .filter(({ rule, file, value }) => value.sum > (baseline[rule]?.[file] ?? 0))
  .flatMap(({ value }) => value.texts);
const loose = entries(baseline)
  .map((entry) => ({ ...entry, needed: found[entry.rule]?.[entry.file]?.sum ?? 0 }))
  .filter(({ value, needed }) => needed < value);

if (process.argv.includes('--shrink')) {
  const shrunk = {};
  for (const { rule, file, value } of entries(baseline)) {
    const needed = Math.min(value, found[rule]?.[file]?.sum ?? 0);
    if (needed > 0) (shrunk[rule] ??= {})[file] = needed;
  }
  loose.length = 0;
  writeFileSync(BASELINE, `${JSON.stringify(shrunk, null, 2)}\n`);
}
const problems = [
  ...worse,
  ...(worse.length > 0 ? [FIX] : []),
  ...loose.map(
    ({ rule, file, value, needed }) =>
      `${file}  ${rule}: ${BASELINE} allows ${value}, needed is ${needed}. Run "npm run lint:shrink".`,
  ),
];
if (problems.length > 0) {
  process.stderr.write(`${problems.join('\n')}\n`);
  process.exitCode = 1;
}
