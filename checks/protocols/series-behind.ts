/** Whether there is anything behind the selectors of an expression. */
import type { HttpClient } from '../contract/http.ts';
import { attempt, type Refusal } from '../kit/kind.ts';
import { query } from './prometheus.ts';
import { inGoodTimes, selectorsOf, selectorText, type Selector } from './promql.ts';
import type { TelemetrySource } from './telemetry.ts';

export interface Behind {
  /** As asked: what has to exist in good times. */
  readonly selector: string;
  readonly series: number;
  readonly refusal?: Refusal | undefined;
}

/** How many series each selector of an expression finds; of one without a selector how many it gives itself. */
export async function seriesBehind(
  http: HttpClient,
  source: TelemetrySource,
  expression: string,
  watched: (selector: Selector) => readonly Selector[] = (selector) => [inGoodTimes(selector)],
): Promise<readonly Behind[]> {
  const selectors = selectorsOf(expression);
  const texts = selectors.length === 0 ? [expression] : selectors.flatMap(watched).map(selectorText);
  return await Promise.all(
    [...new Set(texts)].map(async (selector) => {
      const answer = await attempt(() => query(http, source, `count(${selector})`));
      return { selector, refusal: answer.refusal, series: answer.seen?.[0]?.value ?? 0 };
    }),
  );
}
