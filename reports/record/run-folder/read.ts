/** Reads a run's folder back. A torn last line is what a killed worker leaves; anything else out of shape is damage. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { DecidedCutover } from '../../../checks/contract/decision.ts';
import type { OutcomeRecord } from '../../../checks/contract/outcome.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { EnvironmentIdentity, RunEvent, RunHeader } from '../../../checks/contract/run.ts';
import { decidedCutover } from '../../decide/cutover-story.ts';
import { PLAN_FILE, readPlanFile } from '../../../specs/loader/plan-file.ts';
import { errorText } from '../../../checks/contract/text.ts';
import { byText } from '../../decide/order.ts';
import { readCutoverForPeople } from './cutover-log.ts';
import { RunFileError, fileProblem } from '../io.ts';
import { upgradedOutcome } from '../first-version.ts';
import { isEvent, isIdentity, isOutcomeRecord, isRunHeader } from '../shapes.ts';

export interface RunContents {
  readonly plan: Plan;
  readonly runHeader: RunHeader;
  readonly identity: EnvironmentIdentity | null;
  readonly outcomes: readonly OutcomeRecord[];
  /** Items whose record was cut off while it was written. */
  readonly torn: readonly string[];
  readonly events: readonly RunEvent[];
  /** Undefined where no cutover was asked for. */
  readonly cutover: DecidedCutover | undefined;
  readonly warnings: readonly string[];
  readonly damage: readonly string[];
}

/** Throws RunFileError when the plan or the header cannot be read: without them there is nothing to decide. */
export function readRun(runDir: string): RunContents {
  const found: Found = { warnings: [], damage: [], torn: [] };
  const plan = readPlan(join(runDir, PLAN_FILE), found);
  const runHeader = readJson(join(runDir, 'run.json'), isRunHeader, 'run header');
  return {
    plan,
    runHeader,
    identity: readIdentity(runDir, found),
    outcomes: outcomeFiles(runDir).flatMap((file) =>
      readLines(join(runDir, file), isOutcomeRecord, found, upgradedOutcome),
    ),
    events: readLines(join(runDir, 'events.jsonl'), isEvent, found),
    cutover: readCutoverEnd(runDir, found),
    ...found,
  };
}

interface Found {
  readonly warnings: string[];
  readonly damage: string[];
  readonly torn: string[];
}

function outcomeFiles(runDir: string): string[] {
  return readdirSync(runDir)
    .filter((name) => /^outcomes\..+\.jsonl$/.test(name))
    .sort(byText);
}

function readJson<T>(path: string, is: (value: unknown) => value is T, what: string): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw fileProblem(`read the ${what} in`, path, error);
  }
  if (!is(value)) throw new RunFileError(`${path} is no ${what} that this version of golive knows: run again`);
  return value;
}

/** One that was changed is read all the same: what was recorded under it is told, and decides nothing good. */
function readPlan(path: string, found: Found): Plan {
  const read = readPlanFile(path);
  if ('problem' in read) throw new RunFileError(`${path}: ${read.problem}: run again`);
  if (read.changed !== null) found.damage.push(`${PLAN_FILE} was changed after it was frozen: ${read.changed}`);
  return read.plan;
}

function readIdentity(runDir: string, found: Found): EnvironmentIdentity | null {
  const path = join(runDir, 'environment.json');
  if (!existsSync(path)) return null;
  try {
    return readJson(path, isIdentity, 'environment identity');
  } catch (error) {
    found.damage.push(errorText(error));
    return null;
  }
}

function readCutoverEnd(runDir: string, found: Found): DecidedCutover | undefined {
  const { events, problems } = readCutoverForPeople(runDir);
  found.warnings.push(...problems);
  return decidedCutover(events);
}

function readLines<T>(
  path: string,
  is: (value: unknown) => value is T,
  found: Found,
  upgraded: (value: unknown) => unknown = (value) => value,
): T[] {
  const name = basename(path);
  let text: string;
  try {
    text = existsSync(path) ? readFileSync(path, 'utf8') : '';
  } catch (error) {
    found.damage.push(fileProblem('read', path, error).message);
    return [];
  }
  const lines = text.split('\n');
  const tail = lines.pop() ?? '';
  if (tail !== '') {
    const item = /"item":"([^"]+)"/.exec(tail)?.[1];
    if (item !== undefined) found.torn.push(item);
    const whose = item === undefined ? '' : `: the outcome of ${item} does not count`;
    found.warnings.push(`${name}:${lines.length + 1} was cut off while it was written${whose}`);
  }
  return lines.flatMap((line, index) => {
    const value = upgraded(parse(line));
    if (is(value)) return [value];
    found.damage.push(`${name}:${index + 1} is not what was written there: the line cannot be read`);
    return [];
  });
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
