/** How severe a checklist takes what a kind finds, without compiling it: a scan of some files does not wait for a whole plan. */
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { load } from 'js-yaml';
import { isRecord } from '../../checks/contract/json.ts';
import { SEVERITIES, type Severity } from '../../checks/contract/outcome.ts';
import { readPlainYaml } from '../../k8s/semantics/objects/plain-yaml.ts';
import { findChecklist, phaseFiles } from './find-checklist.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The severity of the checklist's first item of a kind; major where there is no such item, and where none can be read, which
 * `golive validate` tells. Only files that name the kind are parsed.
 */
export function severitiesOf(root: string, chosen: string | undefined): (kind: string) => Severity {
  const known = new Map<string, Severity>();
  const files = phasesOf(root, chosen).map((file) => ({ text: textOf(file) }));
  const parsed = new Map<object, readonly Fields[]>();
  const find = (kind: string): Severity => {
    for (const file of files) {
      if (!file.text.includes(kind)) continue;
      const items = parsed.get(file) ?? itemsOf(file.text);
      parsed.set(file, items);
      const item = items.find((one) => one['kind'] === kind);
      const severity = SEVERITIES.find((one) => one === item?.['severity']);
      if (severity !== undefined) return severity;
    }
    return 'major';
  };
  return (kind) => {
    const severity = known.get(kind) ?? find(kind);
    known.set(kind, severity);
    return severity;
  };
}

function phasesOf(root: string, chosen: string | undefined): readonly string[] {
  const found = findChecklist(root, chosen);
  if ('problem' in found) return [];
  const file = resolve(root, found.file);
  return phaseFiles(read(textOf(file))['phases']).map(({ name }) => join(dirname(file), name));
}

function itemsOf(text: string): readonly Fields[] {
  const { items } = read(text);
  return Array.isArray(items) ? items.filter(isRecord) : [];
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function read(text: string): Fields {
  try {
    const { found } = readPlainYaml(text) ?? { found: load(text) };
    return isRecord(found) ? found : {};
  } catch {
    return {};
  }
}
