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

/** The largest bound of the histograms that an expression asks, which no quantile of them exceeds; undefined where there is none. */
export async function largestBucket(
  http: HttpClient,
  source: TelemetrySource,
  expression: string,
): Promise<number | undefined> {
  const buckets = selectorsOf(expression).filter(({ metric }) => metric.endsWith('_bucket'));
  const texts = [...new Set(buckets.map((one) => selectorText(inGoodTimes(one))))];
  const found = await Promise.all(
    texts.map((selector) => attempt(() => query(http, source, `count by (le) (${selector})`))),
  );
  const bounds = found.flatMap(({ seen = [] }) => seen.map(({ labels }) => Number(labels['le'])));
  const finite = bounds.filter(Number.isFinite);
  return finite.length === 0 || found.some(({ refusal }) => refusal) ? undefined : Math.max(...finite);
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

/** Says which of the selectors find nothing, and which were not answered. */
export function judgeBehind(
  behind: readonly Behind[],
  say: { readonly missing: (selector: string) => void; readonly refused: (refusal: Refusal) => void },
): void {
  for (const { selector, series, refusal } of behind) {
    if (refusal) say.refused(refusal);
    else if (series === 0) say.missing(selector);
  }
}
