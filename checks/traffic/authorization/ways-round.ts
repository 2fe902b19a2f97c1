/** The same request written otherwise: a check by path or method that the router does not share lets it through. Reads only. */
import type { HttpRequest } from '../../contract/http.ts';

export interface Way {
  readonly method: NonNullable<HttpRequest['method']>;
  readonly path: string;
}

/** A path beside it that nothing serves: where this is answered, too, everything is, and the other ways say nothing. */
export function pathOfNothing(path: string): string {
  const [own, query] = split(path);
  return `${own.replace(/\/+$/, '')}-golive-no-such-path${query}`;
}

/** Other spellings of a path: a slash more, letters in the other case, a letter percent-encoded, a path parameter (RFC 3986, 3.3). */
export function otherSpellings(path: string): readonly string[] {
  const [own, query] = split(path);
  const spelt = [
    own.endsWith('/') ? own.slice(0, -1) : `${own}/`,
    `/${own}`,
    own.toUpperCase(),
    own.replace(/[a-z](?=[^/]*$)/i, (letter) => `%${letter.charCodeAt(0).toString(16)}`),
    `${own};golive=1`,
  ];
  return [...new Set(spelt)].filter((one) => one !== own && one !== '').map((one) => `${one}${query}`);
}

function split(path: string): readonly [own: string, query: string] {
  const at = path.indexOf('?');
  return at < 0 ? [path, ''] : [path.slice(0, at), path.slice(at)];
}
