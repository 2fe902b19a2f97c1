/**
 * What the items of a cutover must obey besides their kinds' schemas: that they belong together, and that nothing moves without a trigger,
 * a proof and a rollback. A run would find each of it out, too, with users on both releases.
 */
import type { ParamsContext } from '../item-params.ts';
import type { Checklist } from '../load-checklist.ts';
import { showValue, type Problem } from '../problems.ts';
import { didYouMean } from '../suggest.ts';
import { ladderProblems } from './ladder.ts';
import { orderProblems } from './order.ts';
import { CUTOVER_KINDS, CUTOVER_PHASE, statedItems, type Params, type Stated } from './stated.ts';
import { weightsProblems } from './weights.ts';
import { windowProblems } from './windows.ts';

const OWN: ReadonlySet<string> = new Set(Object.values(CUTOVER_KINDS));

export function cutoverProblems(
  checklist: Pick<Checklist, 'items' | 'phases'>,
  params: Params,
  context: Pick<ParamsContext, 'environment' | 'environmentYaml'>,
): readonly Problem[] {
  const all = statedItems(checklist, params, context);
  const own = all.filter(({ kind }) => OWN.has(kind));
  const weights = own.filter(({ kind }) => kind === CUTOVER_KINDS.weights);
  const steps = own.filter(({ kind }) => kind === CUTOVER_KINDS.step);
  return [
    ...declarationProblems(own, weights, all),
    ...phaseProblems(own),
    ...weights.flatMap((one) => weightsProblems(one, all)),
    ...ladderProblems(steps),
    ...orderProblems(own, steps),
    ...windowProblems(own, compressionOf(context)),
    ...(steps.length > 0 ? [] : all.flatMap(idleRollback)),
  ];
}

const compressionOf = ({ environment }: Pick<ParamsContext, 'environment'>): number => environment?.compression ?? 1;

/** One item declares the cutover, and every other one names it. */
function declarationProblems(
  own: readonly Stated[],
  weights: readonly Stated[],
  all: readonly Stated[],
): readonly Problem[] {
  const [declared, ...others] = weights;
  const [first] = own;
  if (!first) return [];
  if (!declared)
    return [
      first.problem('kind', {
        message: `belongs to a cutover, and no item of kind ${CUTOVER_KINDS.weights} declares one (${showValue(first.kind)})`,
        fix: `Add an item of kind ${CUTOVER_KINDS.weights} before it`,
      }),
    ];
  return [
    ...others.map((one) =>
      one.problem('kind', {
        message: `declares a second cutover, and a run has one (the first is ${declared.id}, ${declared.place()})`,
        fix: 'Remove one of the two',
      }),
    ),
    ...own.flatMap((one) => {
      const { cutover } = one.params;
      if (typeof cutover !== 'string' || weights.some(({ id }) => id === cutover)) return [];
      const allowed = weights.map(({ id }) => id);
      const other = all.find(({ id }) => id === cutover);
      const suggestion = didYouMean(cutover, allowed);
      const message = other
        ? `${cutover} declares no cutover: its kind is ${other.kind}, expected ${CUTOVER_KINDS.weights}`
        : `there is no item ${cutover} in the checklist`;
      return [one.paramProblem('/cutover', { message, allowed, ...(suggestion === undefined ? {} : { suggestion }) })];
    }),
  ];
}

/** Its items run one after the other, in the phase that moves traffic. */
function phaseProblems(own: readonly Stated[]): readonly Problem[] {
  const parallel = own.find(({ phase, order }) => phase === CUTOVER_PHASE && order === 'parallel');
  return [
    ...own.flatMap((one) =>
      one.phase === undefined || one.phase === CUTOVER_PHASE
        ? []
        : [
            one.problem('kind', {
              message: `belongs to the cutover, which is ${CUTOVER_PHASE}, and stands in ${one.phase} (${showValue(one.kind)})`,
              fix: `Move the item to ${CUTOVER_PHASE}`,
            }),
          ],
    ),
    ...(parallel
      ? [
          parallel.item.yaml.problem('/order', {
            message: 'must be sequential where a cutover goes up step by step ("parallel")',
            fix: 'Write sequential',
          }),
        ]
      : []),
  ];
}

/** `onFailure: rollback` where there is nothing to take back. */
function idleRollback(one: Stated): readonly Problem[] {
  if (one.item.raw['onFailure'] !== 'rollback') return [];
  const message = `sets off nothing: the checklist has no item of kind ${CUTOVER_KINDS.step}, so no traffic moves ("rollback")`;
  return [one.problem('onFailure', { message, fix: 'Remove it, or write report' })];
}
