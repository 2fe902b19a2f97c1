/** Hand-drawn SVG. Shapes stretch with the page; every number stands beside them as text, which also prints and can be read out. */
import type { Evidence } from '../../../checks/contract/outcome.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { formatBound, formatNumber, formatValue, meets, plural } from '../wording.ts';
import { html, type Html } from './template.ts';

const round = (value: number): number => Math.round(value * 100) / 100;

/** A value as a bar and its bound as a mark across it. */
export function boundBar(value: number, bound: number, good: boolean): Html {
  const top = Math.max(value, bound, 0) * 1.15;
  if (!(top > 0) || !Number.isFinite(top)) return html``;
  const at = round((Math.max(bound, 0) / top) * 100);
  return html`<svg
    class="bar ${good ? 'ok' : 'bad'}"
    viewBox="0 0 100 10"
    preserveAspectRatio="none"
    aria-hidden="true"
  >
    <rect class="track" x="0" y="2" width="100" height="6" />
    <rect class="fill" x="0" y="2" width="${round((Math.max(value, 0) / top) * 100)}" height="6" />
    <line class="mark" x1="${at}" x2="${at}" y1="0" y2="10" />
  </svg>`;
}

/** Points up to which a line is drawn as measured; above, each step keeps its lowest and highest. */
const POINT_LIMIT = 600;

type Point = readonly [number, number];

/** Thins a line without losing its peaks. */
export function thin(points: readonly Point[], limit = POINT_LIMIT): readonly Point[] {
  if (points.length <= limit) return points;
  const step = Math.ceil((points.length * 2) / limit);
  const kept: Point[] = [];
  for (let start = 0; start < points.length; start += step) {
    const part = points.slice(start, start + step);
    const low = part.reduce((a, b) => (b[1] < a[1] ? b : a));
    const high = part.reduce((a, b) => (b[1] > a[1] ? b : a));
    kept.push(...(low === high ? [low] : low[0] < high[0] ? [low, high] : [high, low]));
  }
  return kept;
}

type Series = Extract<Evidence, { type: 'series' }>;

const drawable = ({ points }: Series): readonly Point[] =>
  points.filter(([x, y]) => Number.isFinite(x) && Number.isFinite(y));

/** Several lines one above the other over the same time, so that what happened at once stands in one column. */
export function timelineFigure(all: readonly Series[]): Html {
  const times = all.flatMap((one) => drawable(one).map(([ms]) => ms));
  const over = times.reduce<[number, number]>(
    ([from, to], ms) => [Math.min(from, ms), Math.max(to, ms)],
    [Infinity, -Infinity],
  );
  return html`${all.map(
    (one) =>
      html`<div class="strip">
        <p class="label">${one.title}</p>
        ${seriesFigure(one, over)}
      </div>`,
  )}`;
}

/** `over`: the stretch of time that is drawn; its own unless told. */
export function seriesFigure(series: Series, over?: readonly [number, number]): Html {
  const points = drawable(series);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return html`<p class="note">No points were measured.</p>`;
  const { unit, bound } = series;
  const values = points.map(([, value]) => value);
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [first[1], first[1]]);
  const floor = Math.min(0, low, bound?.value ?? 0);
  const ceiling = Math.max(high, bound?.value ?? high);
  const span = ceiling - floor || 1;
  const y = (value: number): number => round(98 - ((value - floor) / span) * 96);
  const [from, to] = over ?? [first[0], last[0]];
  const x = (ms: number): number => round(((ms - from) / (to - from || 1)) * 100);
  const line = thin(points)
    .map(([ms, value]) => `${x(ms)},${y(value)}`)
    .join(' ');
  const outside = bound ? values.filter((value) => !meets(value, bound)).length : 0;
  return html`<div class="plot">
      <span class="top">${formatValue(ceiling, unit)}</span>
      <span class="bottom">${formatValue(floor, unit)}</span>
      <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="img" aria-label="${series.title}, over time">
        ${bound && html`<line class="bound" x1="0" x2="100" y1="${y(bound.value)}" y2="${y(bound.value)}" />`}
        ${
          points.length === 1
            ? html`<circle cx="${over ? x(first[0]) : 50}" cy="${y(first[1])}" r="1.5" />`
            : html`<polyline points="${line}" />`
        }
      </svg>
      <span class="start">${formatMs(from)}</span>
      <span class="end">${formatMs(to)}</span>
    </div>
    <p class="note">
      ${plural(points.length, 'point')}: lowest ${formatValue(low, unit)}, highest ${formatValue(high, unit)}, last
      ${formatValue(last[1], unit)}.
      ${
        bound &&
        `Bound (dashed): ${formatBound(bound, unit)}; ${outside === 0 ? 'no point misses it' : `${plural(outside, 'point')} ${outside === 1 ? 'misses' : 'miss'} it`}.`
      }
    </p>`;
}

export function histogramTable(histogram: Extract<Evidence, { type: 'histogram' }>): Html {
  const { percentiles, unit, count } = histogram;
  if (percentiles.length === 0) return html`<p class="note">No values were measured.</p>`;
  const highest = Math.max(...percentiles.map(([, value]) => value), 0);
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${histogram.title}">
      <table class="histogram">
        <thead>
          <tr>
            <th scope="col">Percentile</th>
            <th scope="col">Value</th>
            <td></td>
          </tr>
        </thead>
        <tbody>
          ${percentiles.map(([percentile, value]) => {
            const width = highest > 0 ? round((Math.max(value, 0) / highest) * 100) : 0;
            return html`<tr>
              <th scope="row">P${formatNumber(percentile)}</th>
              <td class="number">${formatValue(value, unit)}</td>
              <td class="drawn">
                <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
                  <rect class="fill" x="0" y="1" width="${width}" height="8" />
                </svg>
              </td>
            </tr>`;
          })}
        </tbody>
      </table>
    </div>
    <p class="note">${formatNumber(count)} values.</p>`;
}
