/** HTML by a tagged template that escapes by default: only markup that a template made itself goes in as it is. */
import { visibleText } from '../../../checks/contract/visible-text.ts';

/** Markup that is safe to put into a page. A string from outside can never be one. */
export class Html {
  readonly #markup: string;
  constructor(markup: string) {
    this.#markup = markup;
  }
  toString(): string {
    return this.#markup;
  }
}

/** What may stand in a template: strings are escaped, lists are joined, `null`, `undefined` and `false` are left out. */
export type Part = Html | string | number | readonly Part[] | null | undefined | false;

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Escapes for text and for quoted attributes alike; hidden and direction characters become visible marks. */
export function escapeHtml(text: string): string {
  return visibleText(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}

function put(part: Part): string {
  if (part instanceof Html) return part.toString();
  if (typeof part === 'string') return escapeHtml(part);
  if (typeof part === 'number') return String(part);
  if (part === null || part === undefined || part === false) return '';
  if (Array.isArray(part)) return part.map(put).join('');
  // A record read from a file may break its type: what is no text must not become markup.
  return escapeHtml(JSON.stringify(part));
}

/** The template tag. Attributes must be quoted in the template. */
export function html(texts: TemplateStringsArray, ...parts: readonly Part[]): Html {
  let markup = texts[0] ?? '';
  parts.forEach((part, index) => {
    markup += put(part) + (texts[index + 1] ?? '');
  });
  return new Html(markup);
}

/** Markup written in this source: the style sheet, the script, the drawn signs. Never for text from outside. */
export function ownMarkup(markup: string): Html {
  return new Html(markup);
}
