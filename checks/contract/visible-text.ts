/**
 * Text from outside, made safe to look at. A message or an answer of somebody's server may hold terminal commands, characters
 * that reverse the reading direction or that cannot be seen: all become visible marks, so that what is read is what is there.
 */

/**
 * Controls other than tab and line feed, soft hyphen, zero-width and direction characters, line and paragraph separators,
 * language tags, and halves of surrogate pairs. Exported for tests.
 */
export const HIDDEN =
  // Built from text: readable escapes here, and no control character in this source.
  new RegExp(
    [
      '[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u115f\\u1160\\u180e\\u200b-\\u200f]',
      '[\\u2028-\\u202e\\u2060-\\u206f\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb\\u{e0000}-\\u{e007f}]',
      '\\p{Surrogate}',
    ].join('|'),
    'gu',
  );

/** The text with every character that could hide or mislead written as `⟨U+202E⟩`. Line ends become line feeds. */
export function visibleText(text: string): string {
  return text.replaceAll('\r\n', '\n').replace(HIDDEN, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0');
    return `⟨U+${code}⟩`;
  });
}

/** A value as JSON for a terminal: what could hide or mislead is escaped, as JSON may have it anywhere in a string. */
export function visibleJson(value: unknown): string {
  return JSON.stringify(value, null, 2).replace(HIDDEN, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** The same as `visibleText` on one line: line feeds and tabs become single spaces. */
export function visibleLine(text: string): string {
  return visibleText(text).replace(/\s+/g, ' ').trim();
}

/** A text cut to `limit` characters (never inside a surrogate pair), and how many it had. */
export function cutText(text: string, limit: number): { readonly text: string; readonly cut: boolean } {
  if (text.length <= limit) return { text, cut: false };
  const last = text.charCodeAt(limit - 1);
  return { text: text.slice(0, last >= 0xd800 && last <= 0xdbff ? limit - 1 : limit), cut: true };
}
