/** `golive new-check domain/name`: a folder that compiles, and whose tests fail until the check is written. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT } from '../checks/contract/decision.ts';
import { casesTemplate, checkTemplate } from './new-check-templates.ts';
import { projectRoot } from './root.ts';
import { writeError, writeOut } from './write.ts';

const NAME = /^[a-z][a-z0-9]*(-[a-z0-9]+)*\/[a-z][a-z0-9]*(-[a-z0-9]+)*$/;

export async function newCheck(kind: string): Promise<number> {
  if (!NAME.test(kind)) {
    return refuse(
      `"${kind}" is no name for a check. Fix: write domain/name in small letters, a noun of the good state, for example traffic/tls-certificate.`,
    );
  }
  const root = projectRoot();
  const folder = join(root, 'checks', kind);
  const registry = join(root, 'checks', 'index.ts');
  if (existsSync(folder)) return refuse(`checks/${kind} exists already. Fix: choose another name, or go on there.`);
  if (!existsSync(registry)) return refuse('There is no checks/index.ts here. Fix: run it inside a golive project.');
  const registered = register(readFileSync(registry, 'utf8'), kind);
  if (registered === undefined)
    return refuse('checks/index.ts does not look as expected: no list named "all". Fix: restore it from git.');

  const files: Readonly<Record<string, string>> = {
    [join(folder, 'check.ts')]: checkTemplate(kind, constantOf(kind)),
    [join(folder, 'cases.yaml')]: casesTemplate(),
  };
  mkdirSync(folder, { recursive: true });
  for (const [path, text] of Object.entries(files)) writeFileSync(path, text);
  writeFileSync(registry, registered);
  writeOut(
    [
      `Started checks/${kind} and registered it in checks/index.ts. Next:`,
      `  1. fill in checks/${kind}/check.ts: title, why, sees, not, params, messages, gather, judge`,
      `  2. write its cases.yaml; npx vitest run checks/conformance -t ${kind} tells what is missing`,
      '  3. npm run generate, and bind an item of the checklist to it',
    ].join('\n'),
  );
  return Promise.resolve(EXIT.GO);
}

function refuse(text: string): Promise<number> {
  writeError(text);
  return Promise.resolve(EXIT.usage);
}

/** `traffic/tls-certificate` → `tlsCertificate`. */
export function constantOf(kind: string): string {
  return (kind.split('/')[1] ?? '').replace(/-([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** The registry with one more kind, sorted by name; undefined when it has not the known form. */
export function register(source: string, kind: string): string | undefined {
  const imports = [
    ...source.matchAll(/^import \{ (\w+)(?: as (\w+))? \} from '\.\/([a-z0-9-]+\/[a-z0-9-]+)\/check\.ts';$/gm),
  ].map(([line, name, alias, path]) => ({ line, kind: path ?? '', name: name ?? '', local: alias ?? name ?? '' }));
  const list = /const all: readonly CheckKind\[\] = \[[^\]]*\];/;
  if (!list.test(source)) return undefined;
  const exported = constantOf(kind);
  const taken = imports.some((one) => one.local === exported);
  const local = taken ? `${kind.split('/')[0] ?? ''}${exported.charAt(0).toUpperCase()}${exported.slice(1)}` : exported;
  const line = `import { ${exported}${taken ? ` as ${local}` : ''} } from './${kind}/check.ts';`;
  const all = [...imports, { line, kind, name: exported, local }].sort((a, b) => (a.kind < b.kind ? -1 : 1));
  const others = source
    .split('\n')
    .filter((text) => !imports.some((one) => one.line === text))
    .join('\n');
  const typeImport = "import type { CheckKind } from './kit/kind.ts';";
  return others
    .replace(typeImport, `${all.map((one) => one.line).join('\n')}\n${typeImport}`)
    .replace(list, `const all: readonly CheckKind[] = [\n${all.map((one) => `  ${one.local},`).join('\n')}\n];`);
}
