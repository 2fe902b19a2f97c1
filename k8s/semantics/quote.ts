/** Text in quotes as Go's `%q` writes it, which is how the API server quotes names in its messages. */
export function quote(value: string): string {
  return JSON.stringify(value)
    .replaceAll('\u007f', '\\x7f')
    .replace(/\\u00([0-9a-f]{2})/g, (_, code: string) => {
      if (code === '07') return '\\a';
      return code === '0b' ? '\\v' : `\\x${code}`;
    });
}
