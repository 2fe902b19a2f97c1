/** Items of a checklist as the rules of the cutover see them: with the params they end up with, and where to tell of each. */
import type { Mutation } from '../../../checks/contract/environment.ts';
import type { PhaseId } from '../../../checks/contract/plan.ts';
import type { ParamsContext } from '../item-params.ts';
import type { Checklist, ChecklistItem } from '../load-checklist.ts';
import type { Problem } from '../problems.ts';
import { pointerStep } from '../../../k8s/semantics/objects/positions.ts';
import type { ProblemText } from '../yaml/parse.ts';

export const CUTOVER_PHASE = 'phase4';
/** The kinds whose items make up one cutover; `cutover/unready-backends` is of use without one. */
export const CUTOVER_KINDS = {
  weights: 'cutover/weights',
  rehearsal: 'cutover/rollback-rehearsal',
  trigger: 'cutover/trigger',
  step: 'cutover/step',
  split: 'cutover/split',
  watched: 'cutover/watched',
} as const;

export type Params = ReadonlyMap<ChecklistItem, Readonly<Record<string, unknown>>>;

export interface Stated {
  readonly id: string;
  /** As it is written; it may name no kind at all. */
  readonly kind: string;
  readonly item: ChecklistItem;
  /** Whatever was written: a wrong type is told by the kind's schema. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Undefined where its file names no phase, which is a problem already. */
  readonly phase: PhaseId | undefined;
  readonly order: 'parallel' | 'sequential' | undefined;
  readonly mutation: Mutation | undefined;
  /** A problem at a member of the item. */
  problem(member: string, text: ProblemText): Problem;
  /** At a param by its pointer, for example `/verify/2`: in the environment's file where an override set it. */
  paramProblem(pointer: string, text: ProblemText): Problem;
  /** `file:line:column`. */
  place(): string;
}

export function statedItems(
  { items, phases }: Pick<Checklist, 'items' | 'phases'>,
  params: Params,
  context: Pick<ParamsContext, 'environment' | 'environmentYaml'>,
): readonly Stated[] {
  return items.map((item): Stated => {
    const own = params.get(item) ?? {};
    const phase = phases.find(({ file }) => file === item.yaml.file);
    return {
      id: String(item.raw['id']),
      kind: String(item.raw['kind']),
      item,
      params: own,
      phase: phase?.id,
      order: phase?.order,
      mutation: item.kind?.meta.mutation ?? item.kind?.mutationOf?.(own),
      problem: (member, text) => item.yaml.problem(`${item.pointer}/${member}`, text),
      paramProblem(pointer, text) {
        const set = overrideOf(item, pointer, context);
        return set === undefined
          ? item.yaml.problem(`${item.pointer}/params${pointer}`, text)
          : context.environmentYaml.problem(set, text);
      },
      place() {
        const { file, line, column } = item.yaml.at(item.pointer);
        return `${file}:${line}:${column}`;
      },
    };
  });
}

/** Where the environment's file sets this param; undefined where it does not. The last override counts. */
function overrideOf(
  item: ChecklistItem,
  pointer: string,
  { environment }: Pick<ParamsContext, 'environment'>,
): string | undefined {
  const found = (environment?.overrides ?? []).flatMap((override, index) => {
    const set = override.param.split('.').map(pointerStep).join('');
    const covers = override.item === item.raw['id'] && (pointer === set || pointer.startsWith(`${set}/`));
    return covers ? [`/overrides/${index}/value${pointer.slice(set.length)}`] : [];
  });
  return found.at(-1);
}
