/** One table for all: it scrolls by itself on narrow screens, and long cells keep a width that can be read. */
import { html, type Html } from './template.ts';

/** Characters from which a cell gets the wide class. */
const LONG = 22;

export function scrollTable(
  label: string,
  columns: readonly string[],
  rows: readonly (readonly (string | Html)[])[],
): Html {
  return html`<div class="scroll" tabindex="0" role="group" aria-label="${label}">
    <table>
      <thead>
        <tr>
          ${columns.map((column) => html`<th scope="col">${column}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell) => (typeof cell === 'string' ? textCell(cell) : html`<td class="own">${cell}</td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function textCell(text: string): Html {
  return text.length > LONG ? html`<td class="long">${text}</td>` : html`<td>${text}</td>`;
}
