/** The one reader of a frozen plan's file, wherever the plan is obeyed or told: its digest says whether it is what was frozen. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { errorText } from '../../checks/contract/text.ts';
import { digestOf } from '../../checks/contract/canonical.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { InvalidInput } from './problems.ts';
import { isRecord } from '../../checks/contract/json.ts';

/** In the folder of a run. */
export const PLAN_FILE = 'plan.json';

/** A plan, and how it was changed after it was frozen (null: not at all); or why there is none. */
export type ReadPlan = { readonly plan: Plan; readonly changed: string | null } | { readonly problem: string };

/** Never throws. For whoever must say something even of a plan that was changed; all others use `loadPlan`. */
export function readPlanFile(file: string): ReadPlan {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    return { problem: `the plan cannot be read (${errorText(error)})` };
  }
  if (!isPlan(value)) return { problem: 'it is not a plan of this version' };
  const { digest, ...body } = value;
  const actual = digestOf(body);
  return { plan: deepFreeze(value), changed: actual === digest ? null : `digest ${digest}, content ${actual}` };
}

/** The plan of a file, its digest verified. Throws InvalidInput when it is missing or was changed. */
export function loadPlanFile(file: string): Plan {
  const refuse = (message: string): InvalidInput =>
    new InvalidInput([{ file, line: 0, column: 0, field: '', message, fix: 'Start the run again' }]);
  const read = readPlanFile(file);
  if ('problem' in read) throw refuse(read.problem);
  if (read.changed !== null) throw refuse('the plan was changed after it was made: its digest does not match');
  return read.plan;
}

/** The same of a run, by its folder. */
export function loadPlan(runDir: string): Plan {
  return loadPlanFile(join(runDir, PLAN_FILE));
}

export function isPlan(value: unknown): value is Plan {
  return (
    isRecord(value) &&
    value['schema'] === 'golive/plan/v1' &&
    typeof value['digest'] === 'string' &&
    isRecord(value['checklist']) &&
    isRecord(value['release']) &&
    isRecord(value['environment']) &&
    Array.isArray(value['phases']) &&
    Array.isArray(value['items'])
  );
}

/** Freezes a value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const member of Object.values(value)) deepFreeze<unknown>(member);
  }
  return value;
}
