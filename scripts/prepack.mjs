// Makes dist/ fit to be packed: without chunks of earlier builds, and with types. `npm pack` runs it after the build.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');
const DIST = join(root, 'dist');

const made = JSON.parse(readFileSync(join(DIST, 'golive.chunks.json'), 'utf8'));
for (const name of readdirSync(DIST))
  if (/-[0-9A-Z]{8}\.js$/.test(name) && !made.includes(name)) rmSync(join(DIST, name));

// The types, dist/types/: those of the package's entries and of the files that these name, one declaration a source. A bundle of
// them would need another tool, and the declarations of the whole project a minute of tsc.
const TYPES = join(DIST, 'types');
/** `from './x.ts'` and `import('./x.ts')`. */
const RELATIVE = /((?:from|import\()\s*['"])(\.[^'"]+)\.ts(['"])/g;

rmSync(TYPES, { recursive: true, force: true });
const seen = new Set();
const left = ['gate/package-test.ts', 'gate/package-config.ts', 'specs/gate.spec.ts'].map((file) => join(root, file));
for (let file = left.pop(); file !== undefined; file = left.pop()) {
  if (seen.has(file)) continue;
  seen.add(file);
  const { outputText, diagnostics } = ts.transpileDeclaration(readFileSync(file, 'utf8'), {
    fileName: file,
    reportDiagnostics: true,
    compilerOptions: { strict: true, isolatedDeclarations: true, target: ts.ScriptTarget.ES2023 },
  });
  const where = relative(root, file);
  for (const { messageText } of diagnostics ?? [])
    throw new Error(`${where}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`);
  for (const [, , name] of outputText.matchAll(RELATIVE)) left.push(resolve(dirname(file), `${name}.ts`));
  const out = join(TYPES, where.replace(/\.ts$/, '.d.ts'));
  mkdirSync(dirname(out), { recursive: true });
  writeFileSync(out, outputText.replace(RELATIVE, '$1$2.js$3'));
}
