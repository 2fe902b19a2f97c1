/** The specs that teams keep under specs/. */
import { existsSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { dirname, join, posix, relative, sep } from 'node:path';
import type { Plan } from '../../../checks/contract/plan.ts';
import { isRecord } from '../../../checks/contract/json.ts';
import { bindingOf, GATE_SPEC } from './binding.ts';

const SPECS = 'specs';

/** Every `*.spec.ts` of the project's specs/ but the gate's own, relative to specs/, sorted. */
export function teamSpecFiles(root: string): readonly string[] {
  const folder = join(root, SPECS);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((file) => file.split(sep).join('/'))
    .filter((file) => file.endsWith('.spec.ts') && file !== GATE_SPEC && !file.split('/').includes('node_modules'))
    .sort();
}

/** Specs with no item: they run nowhere. Paths relative to the project. */
export function unboundSpecs(root: string, plan: Pick<Plan, 'items'>): readonly string[] {
  const bound = new Set(plan.items.map((item) => bindingOf(item)?.file));
  return teamSpecFiles(root)
    .filter((file) => !bound.has(file))
    .map((file) => `${SPECS}/${file}`);
}

export type SpecFile = 'good' | 'outside' | 'missing' | 'gate' | 'commonjs' | { readonly write: string };

/** What is to be said of a stated file: it must lie in specs/, links followed, and be written the shortest way. */
export function specFile(root: string, stated: string): SpecFile {
  const folder = join(root, SPECS);
  const path = join(folder, stated);
  const normal = posix.normalize(stated);
  if (normal.startsWith('../') || normal.split('/').includes('node_modules')) return 'outside';
  if (normal === GATE_SPEC) return 'gate';
  if (normal !== stated) return { write: normal };
  if (!existsSync(path)) return 'missing';
  const real = relative(realpathSync(folder), realpathSync(path));
  // Playwright does not follow links: a linked spec would never run.
  if (real !== stated.split('/').join(sep)) return 'outside';
  return isModule(dirname(realpathSync(path))) ? 'good' : 'commonjs';
}

/** True where the nearest package.json says that its files are ES modules, as golive's are: others cannot import them. */
function isModule(folder: string): boolean {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return dirname(folder) !== folder && isModule(dirname(folder));
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return isRecord(value) && value['type'] === 'module';
  } catch {
    return false;
  }
}
