/** What is left of a trigger's drill, for people. */
import type { CutoverEventOf } from '../../contract/cutover.ts';
import type { Evidence } from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { opinionText } from '../second-source.ts';
import type { Drill } from './drills.ts';
import { ruleText, statesOf, type Rule, type StateRun } from './rule.ts';

const UNIT_OF = { 'error-rate': 'ratio', p95: 'ms', 'critical-service': 'count' } as const;

/** How the trigger stands where the cutover is. */
export interface Stands {
  readonly isRunning: boolean;
  readonly live: Pick<CutoverEventOf<'trigger'>, 'state' | 'value' | 'prometheus'> | null;
}

export function evidenceOf(
  rule: Rule,
  stands: Stands,
  drills: readonly Drill[],
  states: Readonly<Record<string, readonly StateRun[]>>,
): readonly [Evidence, ...Evidence[]] {
  const series = drills.map(({ name, points }): Evidence => ({
    type: 'series',
    title: `Fed: ${name}`,
    unit: UNIT_OF[rule.metric],
    points: points.flatMap(({ at, value }) => (value === null ? [] : [[at, value] as const])),
    bound: { comparison: '<=', value: rule.threshold },
  }));
  const rows = drills.flatMap(({ name, points, expected }) => {
    const actual = statesOf(states[name]);
    return points.flatMap((point, index) => {
      const [state, before] = [actual[index] ?? null, actual[index - 1]];
      // What changes, and what is otherwise than expected.
      const shown = index === 0 || state !== before || state !== expected[index];
      const prometheus = rule.prometheus ? [point.prometheus ?? null] : [];
      const cells = [name, point.at, point.value, point.samples, ...prometheus, state, expected[index] ?? null];
      return shown ? [cells] : [];
    });
  });
  const prometheus = rule.prometheus ? ['Prometheus'] : [];
  const columns = ['series', 'ms', 'value', 'samples', ...prometheus, 'state', 'expected'];
  return [
    { type: 'text', title: 'Rule', text: standsText(rule, stands) },
    table('Changes of its state', columns, rows),
    ...series.filter((one) => one.type === 'series' && one.points.length > 0),
  ];
}

function standsText(rule: Rule, { isRunning, live }: Stands): string {
  const running = isRunning ? 'The cutover that has begun runs with it.' : 'No cutover has begun yet.';
  const said = live?.prometheus;
  const before = live ? ` Before any traffic moved it was ${live.state}, ${live.value ?? 'without a value'}` : '';
  return `${ruleText(rule)}. ${running}${before}${said ? `: ${opinionText(rule, said)}` : ''}${live ? '.' : ''}`;
}
