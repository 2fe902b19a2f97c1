/** Durations as people write them in YAML: a number and a unit, never a bare number. */

const DURATION_UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Pattern of a duration, for JSON Schemas: `{ type: 'string', pattern: DURATION_PATTERN }`. */
export const DURATION_PATTERN = '^(0|[1-9][0-9]*)(\\.[0-9]+)?(ms|s|m|h|d)$';

/** Milliseconds of `250ms`, `1.5s`, `5m`, `2h`, `30d`. Throws on anything else: validate first. */
export function durationMs(text: string): number {
  const match = new RegExp(DURATION_PATTERN).exec(text);
  if (!match)
    throw new RangeError(`not a duration: ${JSON.stringify(text)} (write for example 500ms, 30s, 5m, 2h, 30d)`);
  const unit = match[3] as keyof typeof DURATION_UNITS;
  return Number.parseFloat(text) * DURATION_UNITS[unit];
}

/** `1.2 s`, `350 ms`, `5 min`, for people. */
export function formatMs(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${(ms / 60_000).toFixed(1)} min`;
  if (ms < 86_400_000) return `${(ms / 3_600_000).toFixed(1)} h`;
  return `${(ms / 86_400_000).toFixed(1)} d`;
}
