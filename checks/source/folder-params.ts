/** What kinds that read sources and what was made of them share: their params, and whether it is this release's commit they read. */
import { attempt } from '../kit/kind.ts';
import type { Capabilities, Refusal, Say } from '../kit/kind.ts';
import type { Checkout } from '../contract/capabilities.ts';
import { nameList } from '../kit/evidence.ts';

export const sourceFolder = {
  type: 'string',
  minLength: 1,
  description: 'Folder of the sources, relative to the project: ${environment.folders.source}. A checkout of Git.',
} as const;
export const commitParam = {
  type: 'string',
  pattern: '^[0-9a-f]{40}([0-9a-f]{24})?$',
  description: 'Git commit of the release, in full: ${release.commit}.',
} as const;

export const checkoutMessages = {
  otherCommit: {
    says: '{subject}: is at commit {actual}, expected {expected}.',
    fix: 'Check out the commit of the release there, or correct the release.',
  },
  changed: {
    says: '{subject}: {files} differ from commit {commit}, expected what was committed.',
    fix: 'Commit what belongs to the release and build it again, or discard the changes.',
  },
} as const;
type CheckoutSay = Pick<Say<typeof checkoutMessages>, 'fail' | 'refused'>;

/** What Git says of a folder, or why it says nothing. */
export interface SeenCheckout {
  readonly checkout?: Checkout;
  readonly refusal?: Refusal;
}

export async function seeCheckout(files: Capabilities['files'], folder: string): Promise<SeenCheckout> {
  const { seen, refusal } = await attempt(() => files.checkout(folder));
  return refusal ? { refusal } : { checkout: seen };
}

/** Says whether the folder holds the release: its commit, and of the files that were judged nothing but what was committed. */
export function judgeCheckout(
  say: CheckoutSay,
  folder: string,
  { checkout, refusal }: SeenCheckout,
  commit: string,
  judged: (file: string) => boolean,
): void {
  const subject = `Sources in ${folder}`;
  if (refusal) say.refused(refusal, subject);
  if (!checkout) return;
  if (checkout.commit !== commit) say.fail('otherCommit', subject, { actual: checkout.commit, expected: commit });
  const changed = checkout.changed.filter(judged);
  if (changed.length > 0) say.fail('changed', subject, { files: nameList(changed), commit });
}
