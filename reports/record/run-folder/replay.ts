/** Makes a recorded decision again, from what was recorded, at the recorded now. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { canonicalJson } from '../../../checks/contract/canonical.ts';
import type { Decision } from '../../../checks/contract/decision.ts';
import { decide } from '../../decide/decide.ts';
import type { DecisionInput } from '../../decide/input.ts';
import { byText } from '../../decide/order.ts';
import type { Bundle } from './bundle.ts';
import { inputOf, unpacked } from './bundle.ts';
import { asFirstDecision } from '../first-version.ts';
import { RunFileError, fileProblem } from '../io.ts';
import { readRun } from './read.ts';

export interface Replayed {
  readonly recorded: Decision;
  readonly replayed: Decision;
  /** What differs, one line each; empty when the decision is the same to the last byte. */
  readonly differences: readonly string[];
}

/** `path`: a bundle, or a run's folder. Of a folder the outcomes themselves are read again too. Throws RunFileError. */
export function replay(path: string): Replayed {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  const bundle = readBundle(isFolder ? join(path, 'bundle.json') : path);
  const recorded = bundle.decision;
  const files = isFolder ? fromFiles(path, bundle) : { input: inputOf(bundle), differences: [] };
  const decided = decide(files.input);
  // Who recorded a decision that was made again is no part of what it was made from.
  const replayed = recorded.recordedBy === undefined ? decided : { ...decided, recordedBy: recorded.recordedBy };
  // What was decided by the first version is held against what that one would have written.
  const comparable = (recorded.schema as string) === 'golive/decision/v1' ? asFirstDecision(replayed) : replayed;
  return { recorded, replayed, differences: [...files.differences, ...differencesOf(recorded, comparable)] };
}

function fromFiles(runDir: string, bundle: Bundle): { input: DecisionInput; differences: string[] } {
  const recorded = inputOf(bundle);
  const { plan, runHeader, identity, outcomes, torn, events } = readRun(runDir);
  const differences: string[] = [];
  for (const [name, now, then] of [
    ['plan.json', plan, recorded.plan],
    ['run.json', runHeader, recorded.runHeader],
    ['environment.json', identity, recorded.identity],
    ['outcomes.*.jsonl', sorted(outcomes), sorted(recorded.outcomes)],
    ['events.jsonl', events, recorded.events],
  ] as const) {
    if (canonicalJson(now) !== canonicalJson(then)) differences.push(`${name} is not what the decision was made from`);
  }
  const decision = readJson(join(runDir, 'decision.json'));
  if (canonicalJson(decision) !== canonicalJson(bundle.decision)) {
    differences.push('decision.json is not the decision that was made');
  }
  return { input: { ...recorded, plan, runHeader, identity, outcomes, torn, events }, differences };
}

function sorted(values: readonly unknown[]): string[] {
  return values.map(canonicalJson).sort(byText);
}

function differencesOf(recorded: object, replayed: object): string[] {
  const before = recorded as Readonly<Record<string, unknown>>;
  const after = replayed as Readonly<Record<string, unknown>>;
  const members = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...members].sort(byText).flatMap((member) => {
    const [then, now] = [before[member], after[member]];
    if (canonicalJson(then) === canonicalJson(now)) return [];
    return [`${member}: recorded ${shown(then)}, replayed ${shown(now)}`];
  });
}

function shown(value: unknown): string {
  const text = canonicalJson(value);
  return text.length > 120 ? `${text.slice(0, 119)}…` : text;
}

/** Throws RunFileError. */
export function readBundle(path: string): Bundle {
  if (!existsSync(path)) throw new RunFileError(`there is no ${path}: ${NAME_ONE}`);
  const bundle = unpacked(readJson(path));
  if (bundle === null) throw new RunFileError(`${path} is no whole bundle of a run: ${NAME_ONE}`);
  return bundle;
}
const NAME_ONE =
  'name a bundle.json, or the folder of a finished run as the run wrote it (.golive/runs/RUN, or signed/ in it)';

function readJson(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw fileProblem('read', path, error);
  }
}
