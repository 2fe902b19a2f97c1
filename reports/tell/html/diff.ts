/** Expected and actual, line by line. */
import { cutText } from '../../../checks/contract/visible-text.ts';
import { html, type Html } from './template.ts';

/** Lines on either side up to which they are compared; the table of the comparison grows with their product. */
const LINE_LIMIT = 400;
const CHARACTER_LIMIT = 16_384;

export interface DiffLine {
  /** `-` only expected, `+` only seen, ` ` both. */
  readonly side: '-' | '+' | ' ';
  readonly text: string;
}

/** The shortest edit from `expected` to `actual`, by their longest common subsequence of lines. */
export function compareLines(expected: readonly string[], actual: readonly string[]): readonly DiffLine[] {
  const width = actual.length + 1;
  // common[i * width + j]: length of the longest common subsequence of expected[i…] and actual[j…].
  const common = new Uint16Array((expected.length + 1) * width);
  for (let i = expected.length - 1; i >= 0; i--) {
    for (let j = actual.length - 1; j >= 0; j--) {
      common[i * width + j] =
        expected[i] === actual[j]
          ? (common[(i + 1) * width + j + 1] ?? 0) + 1
          : Math.max(common[(i + 1) * width + j] ?? 0, common[i * width + j + 1] ?? 0);
    }
  }
  const lines: DiffLine[] = [];
  let i = 0;
  let j = 0;
  while (i < expected.length || j < actual.length) {
    const left = expected[i];
    const right = actual[j];
    if (left !== undefined && left === right) {
      lines.push({ side: ' ', text: left });
      i++;
      j++;
    } else if (
      left !== undefined &&
      (right === undefined || (common[(i + 1) * width + j] ?? 0) >= (common[i * width + j + 1] ?? 0))
    ) {
      lines.push({ side: '-', text: left });
      i++;
    } else {
      lines.push({ side: '+', text: right ?? '' });
      j++;
    }
  }
  return lines;
}

/** Both texts as one list of lines; what is missing and what is there besides are marked by sign and colour. */
export function diffLines(expected: string, actual: string): Html {
  const [wanted, seen] = [expected, actual].map((text) => cutText(text, CHARACTER_LIMIT)) as [Cut, Cut];
  const sides = [wanted, seen].map(({ text }) => text.split('\n').slice(0, LINE_LIMIT)) as [string[], string[]];
  const cut = wanted.cut || seen.cut || sides.some((lines) => lines.length === LINE_LIMIT);
  return html`<p class="label">− expected, + seen</p>
    <pre class="diff" tabindex="0" role="region" aria-label="Expected and seen">
${compareLines(...sides).map(line)}</pre>
    ${cut && html`<p class="note">Long texts are cut here; decision.json holds the whole.</p>`}`;
}
type Cut = ReturnType<typeof cutText>;

function line({ side, text }: DiffLine): Html {
  if (side === '-') return html`<del>− ${text}</del>`;
  if (side === '+') return html`<ins>+ ${text}</ins>`;
  return html`<span>&nbsp; ${text}</span>`;
}
