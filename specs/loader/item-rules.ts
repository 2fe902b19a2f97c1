/** What an item must obey besides its schema. */
import type { PhaseId } from '../../checks/contract/plan.ts';
import { DURATION_PATTERN, durationMs } from '../../checks/contract/units.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { isPhase, phaseIndex } from './phases.ts';
import { showValue, type Problem } from './problems.ts';
import { PLANNED_KIND } from './schemas.ts';
import { didYouMean } from './suggest.ts';
import { isRecord } from '../../checks/contract/json.ts';
import { whenProblem } from './when.ts';
import type { ProblemText, YamlFile } from './yaml/parse.ts';

export const DEFAULT_TIMEOUT = '60s';
export const DEFAULT_INTERVAL = '1s';

export interface ItemToCheck {
  readonly phase: PhaseId;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly yaml: YamlFile;
  readonly pointer: string;
}
export interface ItemContext {
  readonly roles: Readonly<Record<string, string>>;
  readonly kinds: ReadonlyMap<string, CheckKind>;
  readonly phaseKnown: boolean;
}

/** Kind, owner, role, when, times and due phase of one item. */
export function itemProblems(item: ItemToCheck, context: ItemContext): Problem[] {
  const problems: Problem[] = [];
  const tell = (member: string, text: ProblemText, what: 'key' | 'value' = 'value'): void => {
    problems.push(item.yaml.problem(`${item.pointer}/${member}`, text, what));
  };
  kindRules(item.raw, context.kinds, tell);
  for (const member of ['owner', 'role']) roleRule(member, item.raw[member], context.roles, tell);
  const when = item.raw['when'];
  const wrong = typeof when === 'string' && when !== '' ? whenProblem(when) : undefined;
  if (wrong !== undefined)
    tell('when', {
      message: `is not a usable CEL expression: ${wrong}`,
      fix: 'Use environment and release, for example "environment.namespaces.mesh != \'\'"',
    });
  timeRules(item.raw, tell);
  const dueBy = item.raw['dueBy'];
  if (context.phaseKnown && isPhase(dueBy) && phaseIndex(dueBy) < phaseIndex(item.phase)) {
    tell('dueBy', {
      message: `is before the item's own phase, ${item.phase} (${showValue(dueBy)})`,
      fix: 'Name this phase or a later one',
    });
  }
  return problems;
}

type TellMember = (member: string, text: ProblemText, what?: 'key' | 'value') => void;

function kindRules(
  raw: Readonly<Record<string, unknown>>,
  kinds: ReadonlyMap<string, CheckKind>,
  tell: TellMember,
): void {
  const kind = raw['kind'];
  if (typeof kind !== 'string' || kind === '') return;
  if (kind === PLANNED_KIND) {
    if ('params' in raw)
      tell(
        'params',
        { message: 'a planned item has no params', fix: 'Remove them, or name the kind that verifies the item' },
        'key',
      );
    return;
  }
  if (kinds.has(kind)) return;
  const allowed = [...kinds.keys(), PLANNED_KIND].sort();
  const suggestion = didYouMean(kind, allowed);
  tell('kind', {
    message: `there is no such kind (${showValue(kind)})`,
    allowed,
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

function roleRule(member: string, role: unknown, roles: Readonly<Record<string, string>>, tell: TellMember): void {
  if (typeof role !== 'string' || role === '' || Object.hasOwn(roles, role)) return;
  const allowed = namesOf(roles);
  const suggestion = didYouMean(role, allowed);
  tell(member, {
    message: `is not a role of checklist.yaml (${showValue(role)})`,
    allowed,
    ...(suggestion === undefined ? { fix: 'Name one of them, or declare it under roles' } : { suggestion }),
  });
}

const names = new WeakMap<object, readonly string[]>();

/** Counted once, however many items name a role that does not exist. */
function namesOf(roles: Readonly<Record<string, string>>): readonly string[] {
  const known = names.get(roles) ?? Object.keys(roles);
  names.set(roles, known);
  return known;
}

function timeRules(raw: Readonly<Record<string, unknown>>, tell: TellMember): void {
  const waitFor = isRecord(raw['waitFor']) ? raw['waitFor'] : undefined;
  const wait = millis(waitFor?.['timeout']);
  const interval = millis(waitFor?.['interval'] ?? DEFAULT_INTERVAL);
  const timeout = millis(raw['timeout'] ?? DEFAULT_TIMEOUT);
  if (wait !== undefined && timeout !== undefined && timeout <= wait) {
    const shown = typeof raw['timeout'] === 'string' ? raw['timeout'] : `${DEFAULT_TIMEOUT}, the default`;
    tell(raw['timeout'] === undefined ? 'waitFor/timeout' : 'timeout', {
      message: `the item's timeout (${shown}) must be longer than waitFor.timeout (${String(waitFor?.['timeout'])})`,
      fix: 'Give the item a longer timeout',
    });
  }
  if (wait !== undefined && interval !== undefined && interval > wait) {
    tell('waitFor/interval', {
      message: `must not be longer than waitFor.timeout (${String(waitFor?.['timeout'])})`,
      fix: 'Shorten it',
    });
  }
  if (timeout === 0) tell('timeout', { message: 'must be longer than nothing (0)', fix: 'Write for example 60s' });
}

function millis(value: unknown): number | undefined {
  return typeof value === 'string' && new RegExp(DURATION_PATTERN).test(value) ? durationMs(value) : undefined;
}
