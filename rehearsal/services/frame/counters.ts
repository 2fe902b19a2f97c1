/** Counters beside those of requests, in the Prometheus text format: what the business counts. */

type Labels = Readonly<Record<string, string>>;
export interface Counters {
  /** Amounts are never negative. */
  readonly add: (name: string, labels: Labels, amount?: number) => void;
  render(): string[];
}

export function createCounters(): Counters {
  const counters = new Map<string, Map<string, number>>();
  return {
    add(name, labels, amount = 1) {
      const one = counters.get(name) ?? new Map<string, number>();
      counters.set(name, one);
      const key = Object.entries(labels)
        .map(([label, value]) => `${label}="${value}"`)
        .join(',');
      one.set(key, (one.get(key) ?? 0) + amount);
    },
    render: () =>
      [...counters].flatMap(([name, values]) => [
        `# TYPE ${name} counter`,
        ...[...values].map(([labels, value]) => `${name}{${labels}} ${value}`),
      ]),
  };
}
