/** Params of `cutover/weights` that name other things: the items a rollback is verified by, and the critical services. */
import type { Problem } from '../problems.ts';
import { PLANNED_KIND } from '../schemas.ts';
import { didYouMean } from '../suggest.ts';
import { SPEC_KIND } from '../team-specs/binding.ts';
import { isRecord } from '../../../checks/contract/json.ts';
import type { ProblemText } from '../yaml/parse.ts';
import { CUTOVER_PHASE, type Stated } from './stated.ts';

export function weightsProblems(weights: Stated, all: readonly Stated[]): readonly Problem[] {
  return [...verifyProblems(weights, all), ...serviceProblems(weights)];
}

const FIX = 'Name an item that only reads and says whether users are served, for example of kind traffic/http-endpoint';

/** What is run again after a rollback must be able to tell how things are then. */
function verifyProblems(weights: Stated, all: readonly Stated[]): readonly Problem[] {
  return listOf(weights.params['verify']).flatMap((id, index) => {
    if (typeof id !== 'string' || id === '') return [];
    const wrong = unfitToVerify(id, all);
    return wrong ? [weights.paramProblem(`/verify/${index}`, wrong)] : [];
  });
}

function unfitToVerify(id: string, all: readonly Stated[]): ProblemText | undefined {
  const item = all.find((one) => one.id === id);
  if (!item) {
    const suggestion = didYouMean(
      id,
      all.map((one) => one.id),
    );
    return {
      message: `there is no item ${id} in the checklist`,
      ...(suggestion === undefined ? { fix: FIX } : { suggestion }),
    };
  }
  const why = whyUnfit(item);
  return why === undefined ? undefined : { message: `${id} cannot verify a rollback: ${why}`, fix: FIX };
}

function whyUnfit({ kind, phase, mutation, item }: Stated): string | undefined {
  if (kind === PLANNED_KIND) return 'it is planned, not built';
  if (phase === CUTOVER_PHASE) return `it stands in ${CUTOVER_PHASE}, the phase that is taken back`;
  if (mutation !== undefined || item.kind?.meta.effect === 'mutating')
    return `it makes changes${mutation === undefined ? '' : ` (${mutation})`}`;
  if (kind === SPEC_KIND) return 'only Playwright can run it';
  if (item.kind?.meta.needs.includes('runs')) return 'it judges what other items have left, not how things are';
  return undefined;
}

/** A service is told by its name, in messages and in what is counted as down. */
function serviceProblems(weights: Stated): readonly Problem[] {
  const names = listOf(weights.params['services']).map((service) => (isRecord(service) ? service['name'] : undefined));
  return names.flatMap((name, index) => {
    const first = names.indexOf(name);
    if (typeof name !== 'string' || first === index) return [];
    return [
      weights.paramProblem(`/services/${index}/name`, {
        message: `${name} is named twice (first in services[${first}])`,
        fix: 'Name each critical service once, with the port and path that tell most of it',
      }),
    ];
  });
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
