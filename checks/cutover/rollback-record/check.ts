import type { PastRollback } from '../../contract/history.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type Say } from '../../kit/kind.ts';
import { DEPLOYMENTS, mayList } from '../../protocols/kubernetes.ts';
import { namedImages, releaseParams } from '../../supply-chain/release-images.ts';

/** An outcome that says nothing was tried: not armed, not its turn. */
const NOT_TRIED: readonly PastRollback['outcome'][] = ['not-run', 'pending', 'not-applicable', 'planned'];
/** Clocks of two environments may differ this much. */
const CLOCK_SKEW_MS = 120_000;

const messages = {
  notRehearsed: {
    says: '{subject}: failed in run {run} at {at}, expected the last rehearsal to pass.',
    fix: 'See what {item} found there (golive report --run {run}), repair it and rehearse the rollback again.',
  },
  tooOld: {
    says: '{subject}: was rehearsed {age} ago (run {run}), expected {expected} ago at most.',
    fix: 'Rehearse it again in that environment, and bring its record here: golive ledger export, golive ledger import.',
  },
  otherImages: {
    says: '{subject}: is {digest}, which run {run} in {environment} did not see, expected the images of the rehearsed rollback.',
    fix: 'Deploy these images there and rehearse the rollback of them; or deploy here what was rehearsed.',
  },
} as const;

export const rollbackRecord = kind('cutover/rollback-record', {
  title: 'The rollback of this release was rehearsed in another environment',
  why: 'A rollback that is first tried in production meets every missing right and removed revision there, with users waiting.',
  sees: [
    'A signed record in the ledger that the item passed for this release (name, version and commit) in the named environment, no longer ago than `maxAge`. The last time it was tried counts.',
    'The images that the Deployments of the release name here were seen there, by digest.',
  ],
  not: ['Whether the two environments are alike in anything but the images.', 'Whether they are two clusters.'],
  needs: ['history', 'cluster'],
  params: {
    environment: {
      type: 'string',
      minLength: 1,
      description: 'Name of the other environment, as its environment file says; golive ledger import brings its runs.',
    },
    item: { type: 'string', minLength: 1, default: 'P4-ROL-001', description: 'The item that rehearses the rollback.' },
    maxAge: duration('How long ago it may have been.', '720h'),
    namespace: releaseParams.namespace,
    selector: releaseParams.selector,
    thirdParty: releaseParams.thirdParty,
  },
  required: ['environment', 'namespace', 'selector'],
  messages,
  rights: ({ namespace }) => mayList([DEPLOYMENTS], namespace),

  async gather({ environment, item, namespace, selector, thirdParty }, { history, cluster }, { fresh }) {
    const rollbacks = await history.rollbacks(environment, item);
    const { items } = await cluster.list(DEPLOYMENTS, { namespace, labelSelector: selector, fresh });
    const images = namedImages(items, thirdParty).map(({ image, reference }) => ({
      image,
      digest: reference?.digest ?? null,
    }));
    return { ...rollbacks, images };
  },

  judge({ environment, item, maxAge, namespace, selector }, { records, refused, isSimulated, images }, say, now) {
    const subject = `Rollback in ${environment}`;
    const tried = records
      .filter(({ outcome }) => !NOT_TRIED.includes(outcome))
      .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
    show(say, { tried, isSimulated });
    for (const run of refused)
      say.unsure('unknown-value', `What ${run}: how its rollback went is unknown.`, { subject });
    const last = tried.at(-1);
    if (last === undefined)
      return say.unsure(
        'no-subjects',
        `${subject}: no record here says that ${item} was tried for this release. Run it there, then bring the record: golive ledger export, golive ledger import.`,
        { subject },
      );
    say.judged(subject);
    judgeLast(say, last, { subject, item, maxAge, now });
    if (images.length === 0)
      say.unsure('no-subjects', `No Deployment in ${namespace} with the labels ${selector} names an image.`);
    if (last.images.length === 0) return say.unknown(subject, 'which images it was rehearsed with');
    const rehearsed = new Set(last.images.map((image) => image.slice(image.lastIndexOf('@') + 1)));
    for (const { image, digest } of images) {
      say.judged(`Image ${image}`);
      if (digest === null) say.unknown(`Image ${image}`, 'its digest: the Deployment names none');
      else if (!rehearsed.has(digest))
        say.fail('otherImages', `Image ${image}`, { digest, run: last.runId, environment });
    }
    say.boundTo(...images.flatMap(({ digest }) => digest ?? []).sort());
  },
});

interface Of {
  readonly subject: string;
  readonly item: string;
  readonly maxAge: string;
  readonly now: Date;
}

function judgeLast(say: Say<typeof messages>, last: PastRollback, { subject, item, maxAge, now }: Of): void {
  const { runId: run, at, outcome } = last;
  if (outcome === 'fail') return say.fail('notRehearsed', subject, { run, at, item });
  if (outcome !== 'pass')
    say.unsure('unknown-value', `${subject}: ended as ${outcome} in run ${run}: whether it works is unknown.`, {
      subject,
    });
  const age = now.getTime() - Date.parse(at);
  if (!(age >= -CLOCK_SKEW_MS))
    say.unsure('unknown-value', `${subject}: run ${run} is dated ${at}, which has not come yet: check the clocks.`, {
      subject,
    });
  if (age > durationMs(maxAge)) say.fail('tooOld', subject, { age: formatMs(age), run, expected: maxAge });
}

function show(
  say: Say<typeof messages>,
  { tried, isSimulated }: { readonly tried: readonly PastRollback[]; readonly isSimulated: boolean },
): void {
  if (isSimulated)
    say.show({
      type: 'text',
      title: 'Simulated',
      text: 'The rehearsal made up this record as a stand-in: there is no other environment beside it.',
    });
  say.show(
    table(
      'Rollbacks rehearsed there',
      ['run', 'at', 'outcome', 'images'],
      tried.map(({ runId, at, outcome, images }) => [runId, at, outcome, images.length]),
    ),
  );
}
