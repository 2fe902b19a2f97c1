import { duration } from '../../contract/param-schemas.ts';
import { durationMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { missingOf, signaturesOf, signersOf } from '../signatures.ts';

export const approval = kind('people/approval', {
  title: 'All roles have signed, and it is known when',
  why: 'An approval without its time cannot be held against what was changed later, and one that a role is missing from is none.',
  sees: [
    'The signatures of every role that is named, all of the same release, cluster and outcomes, and none of them a rejection.',
    'The time of each: the approval is as old as the last of them.',
  ],
  not: ['Whether the clocks of those who signed were right: a time stamp by others would show that.'],
  needs: ['people'],
  params: {
    roles: {
      type: 'array',
      minItems: 1,
      uniqueItems: true,
      items: { type: 'string', minLength: 1 },
      description: 'Roles that must have signed.',
    },
    within: duration('Longest time from the first signature to the last.', '7d'),
  },
  required: ['roles'],
  messages: {
    rejected: {
      says: '{subject}: rejects the release ({reason}), expected no veto.',
      fix: 'Settle what it names, then have the same person sign: golive sign --role ROLE.',
    },
    tooFarApart: {
      says: '{subject}: was given at {at}, {before} before the last one, expected within {within}.',
      fix: 'Have the role sign again: it may not know any more what it signed.',
    },
  },
  gather: (_, { people }) => people.approvals(),

  judge({ roles, within }, seen, say, now) {
    const unnamed = roles.filter((role) => seen.signing.roles[role] === undefined);
    for (const role of unnamed)
      say.unsure(
        'misconfigured',
        `Nobody may sign for the role ${role}: name its signers in checklist.yaml, under roles.`,
      );
    if (unnamed.length > 0) return;
    const signatures = signaturesOf(seen, now);
    for (const { approval: one, principal } of signatures.vetoes)
      say.fail('rejected', `Signature by ${principal}`, { reason: one.reason ?? '' });
    const missing = missingOf(roles, seen, signatures).map(({ role }) => role);
    if (missing.length > 0) {
      for (const problem of seen.problems) say.unsure('protocol', problem);
      say.waits(
        'needs-signature',
        `The approval is complete when ${missing.join(', ')} ${missing.length === 1 ? 'has' : 'have'} signed.\nFix: golive sign --role ROLE; golive sign --status says who is missing.`,
      );
      return;
    }
    const signed = roles.flatMap((role) => signersOf(role, signatures));
    const last = Math.max(...signed.map((one) => Date.parse(one.approval.signedAt)));
    for (const { approval: one, principal } of signed) {
      const subject = `Signature by ${principal} for ${one.role}`;
      say.judged(subject);
      const before = last - Date.parse(one.signedAt);
      if (before > durationMs(within))
        say.fail('tooFarApart', subject, { at: one.signedAt, before: `${Math.round(before / 3_600_000)} h`, within });
    }
    if (seen.signing.excludeAuthors && seen.signing.authors === null)
      say.unknown('The release', 'who wrote it: name release.authors in checklist.yaml, or run in its repository');
    say.show(
      { type: 'text', title: 'Approved at', text: new Date(last).toISOString() },
      table(
        'Signed by',
        ['role', 'who', 'key', 'at'],
        signed.map(({ approval: one, principal, fingerprint }) => [one.role, principal, fingerprint, one.signedAt]),
      ),
    );
  },
});
