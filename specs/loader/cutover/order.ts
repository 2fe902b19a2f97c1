/** What a cutover must have and in which order: all that is needed to go back has passed before the first step. */
import { showValue, type Problem } from '../problems.ts';
import type { ProblemText } from '../yaml/parse.ts';
import { CUTOVER_KINDS, type Stated } from './stated.ts';

const { weights, rehearsal, trigger, step, split, watched } = CUTOVER_KINDS;
const ORDER = `Order the items so: ${[weights, rehearsal, trigger, step].join(', ')}, then ${split} and ${watched}`;

/** `own`: the items of the cutover as they run. */
export function orderProblems(own: readonly Stated[], steps: readonly Stated[]): readonly Problem[] {
  const of = (kind: string): readonly Stated[] => own.filter((one) => one.kind === kind);
  const tell = (one: Stated, text: ProblemText): Problem => one.problem('kind', text);
  const [first] = steps;
  const last = steps.at(-1);
  if (!first || !last)
    return own
      .filter(({ kind }) => kind === trigger || kind === split || kind === watched)
      .map((one) =>
        tell(one, {
          message: `has nothing to watch: the checklist has no item of kind ${step} (${showValue(one.kind)})`,
          fix: `Add the steps of the cutover (kind ${step}), or remove this item`,
        }),
      );
  const [rehearsed] = of(rehearsal);
  const isBefore = (a: Stated, b: Stated): boolean => own.indexOf(a) < own.indexOf(b);
  const early = [...of(weights), ...of(rehearsal), ...of(trigger)].filter((one) => isBefore(first, one));
  const unrehearsed = rehearsed ? of(trigger).filter((one) => isBefore(one, rehearsed)) : [];
  const hasty = [...of(split), ...of(watched)].filter((one) => isBefore(one, last));
  return [
    ...(rehearsed ? [] : [tell(first, missing(rehearsal, 'the rollback was rehearsed'))]),
    ...(of(trigger).length > 0 ? [] : [tell(first, missing(trigger, 'anything watches'))]),
    ...early.map((one) =>
      tell(one, {
        message: `must stand before ${first.id}, the first step: no traffic moves until it has passed (${showValue(one.kind)})`,
        fix: ORDER,
      }),
    ),
    ...unrehearsed.map((one) =>
      tell(one, {
        message: `must stand behind ${rehearsed?.id ?? rehearsal}, the rehearsal that tells whether its sources answer (${showValue(one.kind)})`,
        fix: ORDER,
      }),
    ),
    ...hasty.map((one) =>
      tell(one, {
        message: `must stand behind ${last.id}, the last step: it judges them all (${showValue(one.kind)})`,
        fix: ORDER,
      }),
    ),
  ];
}

function missing(kind: string, what: string): ProblemText {
  return {
    message: `traffic would move before ${what}: the checklist has no item of kind ${kind} ("${step}")`,
    fix: `Add one before this item. ${ORDER}`,
  };
}
