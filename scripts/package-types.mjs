/**
 * The types of the package: declarations of its entries and of the files that these name, one a source. A bundle of them would need another
 * tool, and the declarations of the whole project a minute of tsc; what they name must therefore be declared by itself, without inference.
 * `node scripts/package-types.mjs` says whether that is so.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const ENTRIES = ['gate/package-test.ts', 'gate/package-config.ts', 'specs/gate.spec.ts'];
/** `from './x.ts'` and `import('./x.ts')`. */
const RELATIVE = /((?:from|import\()\s*['"])(\.[^'"]+)\.ts(['"])/g;

/** Each declaration file with its text; all that cannot be declared as `problems`. */
export function packageTypes() {
  const files = new Map();
  const problems = [];
  const seen = new Set();
  const left = ENTRIES.map((file) => ({ file: join(root, file), by: 'package.json' }));
  for (let next = left.pop(); next !== undefined; next = left.pop()) {
    const { file, by } = next;
    if (seen.has(file)) continue;
    seen.add(file);
    const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
      fileName: file,
      reportDiagnostics: true,
      compilerOptions: { strict: true, isolatedDeclarations: true, target: ts.ScriptTarget.ES2023 },
    });
    const where = relative(root, file);
    for (const { messageText, start, file: source } of diagnostics ?? []) {
      const line = source && start !== undefined ? `:${source.getLineAndCharacterOfPosition(start).line + 1}` : '';
      problems.push(`${where}${line}, named by ${by}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
    }
    for (const [, , name] of outputText.matchAll(RELATIVE))
      left.push({ file: resolve(dirname(file), `${name}.ts`), by: where });
    files.set(where.replace(/\.ts$/, '.d.ts'), outputText.replace(RELATIVE, '$1$2.js$3'));
  }
  return { files, problems };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { problems } = packageTypes();
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  if (problems.length > 0) process.exitCode = 1;
}
