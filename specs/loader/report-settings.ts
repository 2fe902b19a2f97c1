/** What a checklist wants written besides the page. No part of the plan: how a decision is told changes nothing about it. */
import { listAt } from '../../checks/contract/json.ts';
import { EXPORT_NAMES, type ExportName } from '../../checks/contract/exports.ts';
import { readYamlFile } from './yaml/parse.ts';

/** `reports.exports` of a checklist that has been validated; none where it cannot be read any more. */
export function exportsOf(root: string, file: string): readonly ExportName[] {
  const wanted = listAt(readYamlFile(root, file).value, 'reports', 'exports');
  return EXPORT_NAMES.filter((name) => wanted.includes(name));
}
