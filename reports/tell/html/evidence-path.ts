/** Names of evidence files beside the page. A record from outside must not make the page, or the copy, reach anything else. */

/** The parts of a relative path inside one folder, or null when it is absolute, leaves the folder or hides something. */
export function confinedParts(path: string): readonly string[] | null {
  // A backslash and a colon separate on Windows only; refused everywhere so that one record means one file.
  if (path === '' || path.length > 1_000 || /[\\:\p{Cc}]/u.test(path)) return null;
  const parts = path.split('/');
  return parts.every((part) => part !== '' && part !== '.' && part !== '..') ? parts : null;
}

/** Where the page finds the file: `evidence/<runId>/<path>`, encoded; null when either name is not confined. */
export function evidenceHref(runId: string, path: string): string | null {
  const parts = confinedParts(path);
  const run = confinedParts(runId);
  if (!parts || run?.length !== 1) return null;
  return ['evidence', ...run, ...parts].map((part) => encodeURIComponent(part)).join('/');
}
