/** The tables of a cutover: its steps, its events and what was measured. */
import type { CutoverEventOf, TriggerRule } from '../../../../checks/contract/cutover.ts';
import { formatMs } from '../../../../checks/contract/units.ts';
import { clockOf, timeOfDay } from '../../cutover/times.ts';
import { eventWords, metricValue, percentOf, splitWords } from '../../cutover/words.ts';
import { formatNumber, formatValue, plural } from '../../wording.ts';
import { scrollTable } from '../tables.ts';
import { html, type Html } from '../template.ts';
import { markPicture, type Mark } from './marks.ts';
import type { TimedEvent } from './series.ts';

/** Shows an item's id, as a link where the page has it. */
export type ShowItem = (id: string) => Html;

type Sample = TimedEvent & { readonly event: CutoverEventOf<'sample'> };
const isSample = (one: TimedEvent): one is Sample => one.event.event === 'sample';

/** One row a step that was declared or begun. */
export function stepTable(
  events: readonly TimedEvent[],
  begun: CutoverEventOf<'begun'> | undefined,
  showItem: ShowItem,
): Html {
  const started = events.flatMap(({ event }) => (event.event === 'step-begun' ? [event] : []));
  const declared = begun?.steps ?? [];
  const steps = [...declared, ...started.filter(({ item }) => !declared.some((step) => step.item === item))];
  return scrollTable(
    'Steps of the cutover',
    ['Item', 'Weight', 'Window', 'Time in it', 'Ended', 'Split', 'Highest error rate', 'Highest P95'],
    steps.map((step) => {
      const own = eventsOfStep(events, step.item);
      const window = 'watchMs' in step ? unbroken(step.watchMs) : '–';
      const [first, last] = [own[0], own.at(-1)];
      const weight = `${step.weight} %`;
      if (!first || !last) return [showItem(step.item), weight, window, '–', 'not reached', '–', '–', '–'];
      const samples = own.filter(isSample).map(({ event }) => event);
      return [
        showItem(step.item),
        weight,
        window,
        unbroken(last.time - first.time),
        endOfStep(own, step.item),
        splitOfStep(own, step.item),
        highest(samples, ({ errorRate }) => errorRate, percentOf),
        highest(
          samples,
          ({ p95Ms }) => p95Ms,
          (value) => metricValue('p95', value),
        ),
      ];
    }),
  );
}

/** A duration that keeps to one line. */
const unbroken = (ms: number): string => formatMs(ms).replace(' ', '\u00a0');

const STEP_ENDS: readonly string[] = ['step-begun', 'rollback-begun', 'finished'];

/** From `step-begun` up to and with whatever ended its weight: the next step, a rollback, the end. */
function eventsOfStep(events: readonly TimedEvent[], item: string): readonly TimedEvent[] {
  const from = events.findIndex(({ event }) => event.event === 'step-begun' && event.item === item);
  if (from === -1) return [];
  const over = events.findIndex(({ event }, index) => index > from && STEP_ENDS.includes(event.event));
  return events.slice(from, over === -1 ? undefined : over + 1);
}

function endOfStep(own: readonly TimedEvent[], item: string): string {
  if (own.some(({ event }) => event.event === 'step-done' && event.item === item)) return 'done';
  return own.at(-1)?.event.event === 'rollback-begun' ? 'by the rollback' : 'its end was not told';
}

const VERDICTS = { proven: 'proven', refuted: 'REFUTED', 'too-few': 'not proven' } as const;

function splitOfStep(own: readonly TimedEvent[], item: string): string {
  const split = own.findLast(({ event }) => event.event === 'split' && event.item === item)?.event;
  return split?.event === 'split' ? `${VERDICTS[split.verdict]}: ${splitWords(split)}` : 'not proven';
}

function highest(
  samples: readonly CutoverEventOf<'sample'>[],
  read: (sample: CutoverEventOf<'sample'>) => number | null,
  show: (value: number) => string,
): string {
  const values = samples.flatMap((sample) => read(sample) ?? []);
  return values.length === 0 ? 'no values' : show(values.reduce((a, b) => Math.max(a, b)));
}

/** Rows of one table; more are cut from its middle, and it says so. */
const MOST_ROWS = 400;

/** Everything but samples, in words. `marks` by the index of their event. */
export function eventTable(
  events: readonly TimedEvent[],
  marks: ReadonlyMap<number, Mark>,
  triggers: readonly TriggerRule[],
  canary: string,
): Html {
  const first = events[0]?.event.at ?? '';
  const rows = events.flatMap(({ event, time }, index) => {
    if (event.event === 'sample') return [];
    const mark = marks.get(index);
    const words = eventWords(event, triggers, canary);
    return [[mark ? markPicture(mark) : '', clockOf(time), timeOfDay(event.at, first), words]];
  });
  const half = MOST_ROWS / 2;
  const shown = rows.length > MOST_ROWS ? [...rows.slice(0, half), ...rows.slice(-half)] : rows;
  return html`${scrollTable('Events of the cutover', ['Mark', 'Since the beginning', 'UTC', 'Event'], shown)}
  ${
    shown.length < rows.length &&
    html`<p class="note">
      Shown are the first and the last ${half} of ${rows.length} events; cutover.jsonl in the run’s folder holds all.
    </p>`
  }`;
}

/** Rows of the table of what was measured; a row stands for one evaluation, or for a stretch with its lowest and highest. */
const MOST_SAMPLE_ROWS = 100;

export function sampleTable(events: readonly TimedEvent[]): Html {
  const samples = events.filter(isSample);
  if (samples.length === 0) return html`<p class="note">Nothing was measured.</p>`;
  const step = Math.ceil(samples.length / MOST_SAMPLE_ROWS);
  const rows = Array.from({ length: Math.ceil(samples.length / step) }, (_, row) =>
    sampleRow(samples.slice(row * step, (row + 1) * step)),
  );
  return html`<details class="proof">
    <summary>What was measured, as a table (${plural(samples.length, 'evaluation')})</summary>
    ${
      step > 1 &&
      html`<p class="note">A row is up to ${step} evaluations, from the lowest to the highest value of each.</p>`
    }
    ${scrollTable(
      'What was measured',
      ['Since the beginning', 'Weight', 'Error rate', 'P95', 'Samples', 'Services that did not answer'],
      rows,
    )}
  </details>`;
}

function sampleRow(samples: readonly Sample[]): readonly string[] {
  const [first, last] = [samples[0], samples.at(-1)];
  const of = (read: (sample: CutoverEventOf<'sample'>) => number | null, show: (value: number) => string): string => {
    const values = samples.flatMap(({ event }) => read(event) ?? []);
    const missing = samples.length - values.length;
    if (values.length === 0) return 'no value';
    const low = show(values.reduce((a, b) => Math.min(a, b)));
    const high = show(values.reduce((a, b) => Math.max(a, b)));
    const range = low === high ? low : `${low} to ${high}`;
    return missing === 0 ? range : `${range}, ${missing} without a value`;
  };
  const down = [...new Set(samples.flatMap(({ event }) => event.down))];
  const times = [...new Set([clockOf(first?.time ?? 0), clockOf(last?.time ?? 0)])];
  return [
    times.join(' to '),
    of(
      ({ weight }) => weight,
      (value) => `${value} %`,
    ),
    of(({ errorRate }) => errorRate, percentOf),
    of(
      ({ p95Ms }) => p95Ms,
      (value) => formatValue(value, 'ms'),
    ),
    of(({ samples: count }) => count, formatNumber),
    down.length === 0 ? '–' : down.join(', '),
  ];
}
