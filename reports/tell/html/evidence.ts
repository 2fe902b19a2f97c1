/** Draws evidence by its type: any item of any kind, without knowing the kind. */
import { QUERY_LANGUAGES, type Evidence } from '../../../checks/contract/outcome.ts';
import { cutText } from '../../../checks/contract/visible-text.ts';
import { formatBound, formatBytes, formatUtc, formatValue, meets, plural } from '../wording.ts';
import { boundBar, histogramTable, seriesFigure, timelineFigure } from './charts.ts';
import { diffLines } from './diff.ts';
import { reachFigure } from './reach-matrix.ts';
import { sign } from './signs.ts';
import { scrollTable } from './tables.ts';
import { html, type Html } from './template.ts';

/** Characters of one text and rows of one table that the page shows; decision.json holds all. */
export const TEXT_LIMIT = 16_384;
export const ROW_LIMIT = 200;
const CELL_LIMIT = 2_000;

/** Where the page finds an evidence file: a link beside the page, or why there is none. */
export type FileLink = { readonly href: string } | { readonly missing: string };
export type LinkFile = (path: string) => FileLink;

type Query = Extract<Evidence, { type: 'query' }>;
type Series = Extract<Evidence, { type: 'series' }>;

/**
 * All evidence of an item, a figure each; what was asked, where there is more of it, as one table, and what was measured over time on one
 * timeline: load, replicas and CPU of one run are read together.
 */
export function drawAllEvidence(all: readonly Evidence[], link: LinkFile): readonly Html[] {
  const queries = all.filter((one): one is Query => one.type === 'query');
  const series = all.filter((one): one is Series => one.type === 'series');
  const isAlone = ({ type }: Evidence): boolean =>
    !(type === 'query' && queries.length > 1) && !(type === 'series' && series.length > 1);
  return [
    ...all.filter(isAlone).map((one) => drawEvidence(one, link)),
    ...(series.length > 1 ? [onOneTimeline(series)] : []),
    ...(queries.length > 1 ? [asked(queries)] : []),
  ];
}

function onOneTimeline(series: readonly Series[]): Html {
  return html`<figure class="evidence together">
    <figcaption>On one timeline</figcaption>
    ${timelineFigure(series)}
  </figure>`;
}

function asked(queries: readonly Query[]): Html {
  const title = `What was asked (${queries.length})`;
  const rows = queries.map(({ language, query, answer, times = 1, readAt, resourceVersion }) => [
    QUERY_LANGUAGES[language],
    cutText(query, CELL_LIMIT).text,
    cutText(answer, CELL_LIMIT).text,
    String(times),
    readAt === undefined ? '–' : formatUtc(readAt),
    resourceVersion ?? '–',
  ]);
  return html`<figure class="evidence">
    <figcaption>${title}</figcaption>
    ${scrollTable(title, ['kind', 'question', 'last answer', 'times', 'last read', 'resourceVersion'], rows)}
  </figure>`;
}

/** One piece of evidence as a figure with its title. */
function drawEvidence(evidence: Evidence, link: LinkFile): Html {
  return html`<figure class="evidence">
    <figcaption>${evidence.title}</figcaption>
    ${body(evidence, link)}
  </figure>`;
}

function body(evidence: Evidence, link: LinkFile): Html {
  switch (evidence.type) {
    case 'text':
      return block(evidence.text, evidence.title);
    case 'value':
      return value(evidence);
    case 'table':
      return table(evidence);
    case 'query':
      return query(evidence);
    case 'diff':
      return diffLines(evidence.expected, evidence.actual);
    case 'series':
      return seriesFigure(evidence);
    case 'histogram':
      return histogramTable(evidence);
    case 'reach':
      return reachFigure(evidence.title, evidence);
    case 'file':
      return file(evidence, link);
    default:
      // Written by a newer golive: shown as it came rather than left out.
      return block(JSON.stringify(evidence, null, 2), 'Evidence of an unknown type');
  }
}

/** Preformatted text that wraps, cut with a note. */
function block(text: string, label: string): Html {
  const shown = cutText(text, TEXT_LIMIT);
  return html`<pre tabindex="0" role="group" aria-label="${label}">${shown.text === '' ? '(empty)' : shown.text}</pre>
    ${
      shown.cut &&
      html`<p class="note">
        Shown are the first ${formatBytes(TEXT_LIMIT)} of ${formatBytes(text.length)}; decision.json holds the whole
        text.
      </p>`
    }`;
}

function value(evidence: Extract<Evidence, { type: 'value' }>): Html {
  const { value: seen, unit, bound } = evidence;
  if (!bound) return html`<p class="value"><strong>${formatValue(seen, unit)}</strong></p>`;
  const good = meets(seen, bound);
  return html`<p class="value">
      <strong>${formatValue(seen, unit)}</strong>
      <span class="badge ${good ? 'ok' : 'bad'}"
        >${sign(good ? 'pass' : 'fail')} ${good ? 'meets' : 'misses'} ${formatBound(bound, unit)}</span
      >
    </p>
    ${boundBar(seen, bound.value, good)}`;
}

function table(evidence: Extract<Evidence, { type: 'table' }>): Html {
  if (evidence.rows.length === 0) return html`<p class="note">The table is empty.</p>`;
  const rows = evidence.rows.slice(0, ROW_LIMIT);
  const cells = rows.map((row) => row.map((cell) => (cell === null ? '–' : cutText(String(cell), CELL_LIMIT).text)));
  return html`${scrollTable(evidence.title, evidence.columns, cells)}
  ${
    rows.length < evidence.rows.length &&
    html`<p class="note">
      Shown are ${rows.length} of ${plural(evidence.rows.length, 'row')}; decision.json holds all of them.
    </p>`
  }`;
}

function query(evidence: Query): Html {
  const facts = [
    evidence.readAt !== undefined && `read ${formatUtc(evidence.readAt)}`,
    evidence.resourceVersion !== undefined && `resourceVersion ${evidence.resourceVersion}`,
  ].filter((fact) => fact !== false);
  return html`<p class="label">${QUERY_LANGUAGES[evidence.language]}</p>
    ${block(evidence.query, `${evidence.title}: question`)}
    <p class="label">Answer</p>
    ${block(evidence.answer, `${evidence.title}: answer`)}
    ${facts.length > 0 && html`<p class="note">${facts.join(' · ')}</p>`}`;
}

function file(evidence: Extract<Evidence, { type: 'file' }>, link: LinkFile): Html {
  const found = link(evidence.path);
  const name = 'href' in found ? html`<a href="${found.href}">${evidence.path}</a>` : html`${evidence.path}`;
  return html`<p>${name} (${evidence.mediaType}, ${formatBytes(evidence.bytes)})</p>
    ${'missing' in found && html`<p class="note">Not beside this page: ${found.missing}</p>`}
    <p class="note">sha256 <code>${evidence.sha256}</code></p>`;
}
