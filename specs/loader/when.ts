/** `when`: a CEL expression over `environment` and `release` that says whether an item applies. */
import { Environment as CelEnvironment, type ParseResult } from '@marcbachmann/cel-js';
import { errorText } from '../../checks/contract/text.ts';
import type { Environment } from '../../checks/contract/environment.ts';
import type { Release } from '../../checks/contract/plan.ts';

export const WHEN_VARIABLES = ['environment', 'release'] as const;

/** The parser goes as deep as an expression is long. */
const LONGEST = 1000;

let cel: CelEnvironment | undefined;
function parse(expression: string): ParseResult {
  if (!cel) {
    cel = new CelEnvironment({ unlistedVariablesAreDyn: false });
    for (const variable of WHEN_VARIABLES) cel.registerVariable(variable, 'map<string, dyn>');
  }
  return cel.parse(expression);
}

/** What is wrong with an expression, or undefined. A path that does not exist in the environment shows only when it is evaluated. */
export function whenProblem(expression: string): string | undefined {
  if (expression.length > LONGEST) return `it is longer than ${LONGEST} characters`;
  try {
    const checked = parse(expression).check();
    if (!checked.valid) return summary(checked.error);
    return checked.type === undefined || checked.type === 'bool' || checked.type === 'dyn'
      ? undefined
      : `is of type ${checked.type}, not true or false`;
  } catch (error) {
    return summary(error);
  }
}

/** Evaluates; throws when it cannot or when the answer is neither true nor false: the item is then an error. */
export function evaluateWhen(
  expression: string,
  values: { readonly environment: Environment; readonly release: Release },
): boolean {
  const answer: unknown = parse(expression)({ environment: values.environment, release: values.release });
  if (typeof answer !== 'boolean') throw new TypeError(`when is neither true nor false: ${String(answer)}`);
  return answer;
}

function summary(error: unknown): string {
  const text = errorText(error);
  return (text.split('\n')[0] ?? text).replace(/\.$/, '');
}
