/** `golive validate`: are checklist, environment and params right? Reads files only. */
import { EXIT } from '../checks/contract/decision.ts';
import { PLANNED_KIND } from '../specs/schemas.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { writeOut } from './write.ts';

export async function validate(selection: Selection): Promise<number> {
  const compiled = compileOrTell(selection);
  if (!compiled) return Promise.resolve(EXIT.usage);
  const { checklist, items, phases, environment } = compiled.plan;
  const planned = items.filter((item) => item.kind === PLANNED_KIND).length;
  writeOut(
    `${checklist.file} is valid for environment ${environment.name}: ${items.length} items in ${phases.length} phases, ${planned} of them planned.`,
  );
  return Promise.resolve(EXIT.GO);
}
