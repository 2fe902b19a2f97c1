/** Text in quotes as Go's `%q` writes it, which is how the API server quotes names in its messages. */
export function quote(value: string): string {
  return JSON.stringify(value)
    .replaceAll('\u007f', '\\x7f')
    .replace(/\\(?:\\|u00([0-9a-f]{2}))/g, (escape, code: string | undefined) => {
      // An escaped backslash is taken whole, so that what follows it is not mistaken for an escape.
      if (code === undefined) return escape;
      if (code === '07') return '\\a';
      return code === '0b' ? '\\v' : `\\x${code}`;
    });
}
