/** What documents of one release share: the front matter says which. */
import type { JSONSchema, Messages, Say } from '../kit/kind.ts';
import type { ReadDocument } from './documents.ts';

export const releaseParams = {
  version: { type: 'string', minLength: 1, description: 'The version that goes live: ${release.version}.' },
  commit: { type: 'string', pattern: '^[0-9a-f]{7,64}$', description: 'The commit of it: ${release.commit}.' },
} as const satisfies Readonly<Record<string, JSONSchema>>;

export const releaseMessages = {
  otherRelease: {
    says: '{subject}: its front matter says {field} {actual}, expected {expected}.',
    fix: 'Write the document of this release; the one of the release before does not count for it.',
  },
} as const satisfies Messages;

/** Whether the front matter names this release, and its commit where the item does: at least seven digits of it. */
export function judgeRelease(
  { path, document }: ReadDocument,
  { version, commit }: { readonly version: string; readonly commit?: string | undefined },
  say: Say<typeof releaseMessages>,
): void {
  if (!document) return;
  const { release = 'nothing', commit: actual = 'nothing' } = document.front;
  if (release !== version) say.fail('otherRelease', path, { field: 'release', actual: release, expected: version });
  if (commit !== undefined && !(/^[0-9a-f]{7,}$/.test(actual) && commit.startsWith(actual)))
    say.fail('otherRelease', path, { field: 'commit', actual, expected: commit });
}
