/** Requests counted and timed, by their labels, in the Prometheus text format: a counter and a histogram beside each other. */

/** Upper bounds in seconds, the defaults of the Prometheus client libraries. */
const BUCKETS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

interface Series {
  readonly counts: number[];
  sum: number;
  count: number;
}
export interface RequestSeries {
  /** `labels` as they stand in the text: `method="GET",status="200"`. */
  observe(labels: string, seconds: number): void;
  /** Nothing of these labels yet: a counter that comes with its first request hides that one from `rate()`. */
  know(labels: string): void;
  render(names: { readonly counter: string; readonly histogram: string }): string[];
}

export function createRequestSeries(): RequestSeries {
  const series = new Map<string, Series>();
  const seriesOf = (labels: string): Series => {
    const known = series.get(labels);
    if (known) return known;
    const one = { counts: BUCKETS.map(() => 0), sum: 0, count: 0 };
    series.set(labels, one);
    return one;
  };
  return {
    observe(labels, seconds) {
      const one = seriesOf(labels);
      // Index loop: this runs for every request.
      for (let i = BUCKETS.length - 1; i >= 0 && seconds <= (BUCKETS[i] ?? 0); i -= 1)
        one.counts[i] = (one.counts[i] ?? 0) + 1;
      one.sum += seconds;
      one.count += 1;
    },
    know: (labels) => void seriesOf(labels),
    render: ({ counter, histogram }) => [
      `# HELP ${counter} Requests answered.`,
      `# TYPE ${counter} counter`,
      ...[...series].map(([labels, { count }]) => `${counter}{${labels}} ${count}`),
      `# HELP ${histogram} Time from the request to the end of its answer.`,
      `# TYPE ${histogram} histogram`,
      ...[...series].flatMap(([labels, one]) => histogramLines(histogram, labels, one)),
    ],
  };
}

function histogramLines(name: string, labels: string, { counts, sum, count }: Series): string[] {
  return [
    ...BUCKETS.map((le, i) => `${name}_bucket{${labels},le="${le}"} ${counts[i] ?? 0}`),
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_sum{${labels}} ${sum}`,
    `${name}_count{${labels}} ${count}`,
  ];
}
