/** The reachability matrix as an SVG: rows call, columns are called. A sign in each cell, so that no colour is needed. */
import type { Evidence } from '../../../checks/contract/outcome.ts';
import { scrollTable } from './tables.ts';
import { html, type Html } from './template.ts';

type Reach = Pick<Extract<Evidence, { type: 'reach' }>, 'sources' | 'targets' | 'cells'>;
type Verdict = Reach['cells'][number][number];

const CELL = 24;
const PADDING = 12;
/** Of a letter in the font of the labels, about. */
const LETTER = 6.7;
/** Titles of columns rise at 45 degrees. */
const RISE = Math.SQRT1_2;

const SIGNS: Readonly<Record<Verdict, { readonly sign: string; readonly word: string }>> = {
  allow: { sign: '●', word: 'allowed' },
  deny: { sign: '–', word: 'denied' },
  undefined: { sign: '?', word: 'not judged' },
};
/** Of an image that stands by itself; the report has its own colours for the same classes. */
const STYLE = `
  text { font: 11px ui-monospace, monospace; fill: #1f2328; }
  .cell text { text-anchor: middle; }
  rect { stroke: #d0d7de; }
  .allow rect { fill: #dafbe1; } .deny rect { fill: #f6f8fa; } .undefined rect { fill: #fff8c5; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } rect { stroke: #30363d; }
    .allow rect { fill: #12401f; } .deny rect { fill: #161b22; } .undefined rect { fill: #4b3a09; }
  }`;

/** The image in the report, and the same as a table, which can be read out. */
export function reachFigure(title: string, reach: Reach): Html {
  const rows = reach.sources.map((source, row) => [
    source,
    ...reach.targets.map((_, column) => SIGNS[verdictAt(reach, row, column)].word),
  ]);
  return html`<div class="scroll reach" tabindex="0" role="group" aria-label="${title}">${drawn(reach)}</div>
    <details>
      <summary>As a table</summary>
      ${scrollTable(`${title}, as a table`, ['from', ...reach.targets], rows)}
    </details>`;
}

/** The whole image as a file; every name in it is escaped. */
export function reachMatrixSvg(reach: Reach): string {
  return drawn(
    reach,
    html`<style>
      ${STYLE}
    </style>`,
  ).toString();
}

const verdictAt = ({ cells }: Reach, row: number, column: number): Verdict => cells[row]?.[column] ?? 'undefined';

function drawn(reach: Reach, style?: Html): Html {
  const { sources, targets: titles } = reach;
  const widest = (texts: readonly string[]): number => Math.max(0, ...texts.map((text) => text.length)) * LETTER;
  const left = PADDING + widest(sources) + PADDING;
  const top = PADDING + widest(titles) * RISE + PADDING;
  // The last titles lean over the right edge.
  const width = Math.ceil(left + titles.length * CELL + widest(titles) * RISE + PADDING);
  const height = Math.ceil(top + sources.length * CELL + 3 * PADDING);
  const columns = titles.map((title, column) => {
    const x = left + (column + 0.5) * CELL;
    return html`<text transform="translate(${x.toFixed(1)} ${(top - 6).toFixed(1)}) rotate(-45)">${title}</text>`;
  });
  const rows = sources.map((source, row) => {
    const y = top + row * CELL;
    return html`<text x="${PADDING}" y="${(y + 16).toFixed(1)}">${source}</text>${titles.map((title, column) => {
        const verdict = verdictAt(reach, row, column);
        const { sign, word } = SIGNS[verdict];
        const x = left + column * CELL;
        return html`<g class="cell ${verdict}"
          ><title>${source} to ${title}: ${word}</title
          ><rect x="${x.toFixed(1)}" y="${y.toFixed(1)}" width="${CELL}" height="${CELL}" /><text
            x="${(x + CELL / 2).toFixed(1)}"
            y="${(y + 16).toFixed(1)}"
            >${sign}</text
          ></g
        >`;
      })}`;
  });
  const legend = Object.values(SIGNS)
    .map(({ sign, word }) => `${sign} ${word}`)
    .join(' · ');
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${width}"
    height="${height}"
    viewBox="0 0 ${width} ${height}"
    role="img"
    aria-label="Who may reach whom: rows call, columns are called"
  >
    ${style} ${columns} ${rows}
    <text x="${PADDING}" y="${height - PADDING}">${legend}</text>
  </svg> `;
}
