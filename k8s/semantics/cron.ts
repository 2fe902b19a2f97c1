/**
 * When a CronJob of Kubernetes starts (robfig/cron v3, as kube-controller-manager uses it): at every instant whose time on the wall of the
 * zone matches. An hour that a change of the clocks skips has none, one that it repeats has two. Croner, which parses, moves the first and
 * joins the second, so it is asked about times on the wall only, as if they were UTC.
 */
import { Cron } from 'croner';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const DESCRIPTORS = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@midnight', '@hourly'];
/** What a field may hold there; Croner knows more (L, W, #). */
const FIELD = /^(?:[\d*,/?-]|MON|TUE|WED|THU|FRI|SAT|SUN|JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC)+$/i;

/** Why Kubernetes would refuse the expression or the zone; undefined where it would not. */
export function cronProblem(cron: string, timeZone: string): string | undefined {
  if (/TZ=/.test(cron)) return 'names a time zone, which Kubernetes refuses there: write timeZone';
  if (cron.startsWith('@')) {
    if (!DESCRIPTORS.includes(cron)) return `must be five fields or one of ${DESCRIPTORS.join(', ')}`;
  } else {
    const fields = cron.trim().split(/\s+/);
    if (fields.length !== 5) return `must be five fields (minute hour day month weekday), and has ${fields.length}`;
    const odd = fields.find((field) => !FIELD.test(field));
    if (odd !== undefined) return `holds ${JSON.stringify(odd)}, which Kubernetes does not know`;
  }
  if (wallClock(timeZone) === undefined) return `has a time zone that nobody knows: ${JSON.stringify(timeZone)}`;
  try {
    return parsed(cron).nextRun() === null ? 'matches no time at all' : undefined;
  } catch (error) {
    return `is no cron expression: ${(error instanceof Error ? error.message : String(error)).replace(/^CronPattern: /, '')}`;
  }
}

/** The instants it starts at, from `from` (not included) to `to` (included), in order. Both fields that restrict days: either is enough. */
export function startsBetween(cron: string, timeZone: string, from: Date, to: Date): readonly Date[] {
  const wall = wallClock(timeZone);
  if (!wall) return [];
  const expression = parsed(cron);
  const found = new Set<number>();
  const last = to.getTime() + DAY_MS;
  // One minute before the first time on the wall that may be looked at: nextRun() does not answer where it begins.
  let at = new Date(from.getTime() - DAY_MS - MINUTE_MS);
  for (let next = expression.nextRun(at); next !== null && next.getTime() <= last; next = expression.nextRun(at)) {
    for (const instant of instantsOf(next.getTime(), wall)) {
      if (instant > from.getTime() && instant <= to.getTime()) found.add(instant);
    }
    at = next;
  }
  return [...found].sort((a, b) => a - b).map((instant) => new Date(instant));
}

function parsed(cron: string): Cron {
  const text = cron.startsWith('@') ? cron : cron.trim();
  return new Cron(text, { timezone: 'UTC', mode: '5-part', paused: true });
}

/** What a clock on the wall shows at an instant, as if it were UTC. */
type WallClock = (instant: number) => number;

function wallClock(timeZone: string): WallClock | undefined {
  let format: Intl.DateTimeFormat;
  try {
    format = new Intl.DateTimeFormat('en-GB', {
      timeZone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    });
  } catch {
    return undefined;
  }
  return (instant) => {
    const parts = new Map(format.formatToParts(instant).map(({ type, value }) => [type, Number(value)]));
    const of = (type: Intl.DateTimeFormatPartTypes): number => parts.get(type) ?? 0;
    return Date.UTC(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  };
}

/** The instants at which the wall shows that time: none, one or two. */
function instantsOf(onWall: number, wall: WallClock): readonly number[] {
  const offsets = [-DAY_MS, DAY_MS].map((around) => wall(onWall + around) - (onWall + around));
  return [...new Set(offsets.map((offset) => onWall - offset))].filter((instant) => wall(instant) === onWall);
}
