import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';
import { missingOf, signaturesOf, signersOf, type SignatureQuestion, type Signatures } from '../signatures.ts';

export const signature = kind('people/signature', {
  title: 'The role has signed the release',
  why: 'A GO that nobody signed is nobody’s decision: when it turns out wrong, nobody had looked.',
  sees: [
    'Files in the approvals folder of this environment: whose key signed them, for which role, release, cluster and outcomes.',
    'That enough signers of the role signed, none of whom wrote the release or signs for another role, and that none of them rejects it.',
  ],
  not: [
    'While a run goes on, whether signatures cover what it finds: the decision at its end asks that, and every later one.',
    'Whether whoever holds the key read what was signed.',
  ],
  needs: ['people'],
  params: {
    statement: {
      type: 'string',
      minLength: 10,
      maxLength: 1000,
      description: 'What the role accepts by signing, as a sentence: `golive sign` shows it.',
    },
  },
  required: ['statement'],
  messages: {
    rejected: {
      says: '{subject}: rejects the release ({reason}), expected no veto.',
      fix: 'Settle what it names, then have the same person sign: golive sign --role ROLE.',
    },
    notSigned: {
      says: '{subject}: counts for nothing ({why}), expected the signature of a signer of {role}.',
      fix: 'Remove it, and have a signer of the role sign: golive sign --role ROLE.',
    },
  },
  gather: (_, { people }) => people.approvals(),

  judge(_, seen, say, now) {
    const { role, signing } = seen;
    const named = role === null ? undefined : signing.roles[role];
    if (role === null || named === undefined) {
      const who = role === null ? 'The item names no role' : `Nobody may sign for the role ${role}`;
      say.unsure('misconfigured', `${who}: name its signers in checklist.yaml, under roles.`);
      return;
    }
    const signatures = signaturesOf(seen, now);
    for (const { approval, principal } of signatures.vetoes)
      if (approval.role === role) say.fail('rejected', `Signature by ${principal}`, { reason: approval.reason ?? '' });
    const signed = signersOf(role, signatures);
    for (const { principal } of signed) say.judged(`Signature by ${principal}`);
    const [missing] = missingOf([role], seen, signatures);
    if (missing === undefined) {
      if (signing.excludeAuthors && signing.authors === null)
        say.unknown('The release', 'who wrote it: name release.authors in checklist.yaml, or run in its repository');
      say.show(
        table(
          `Signed for ${role}`,
          ['who', 'key', 'at'],
          signed.map(({ approval, principal, fingerprint }) => [principal, fingerprint, approval.signedAt]),
        ),
      );
      return;
    }
    for (const problem of seen.problems) say.unsure('protocol', problem);
    for (const { approval, why } of signatures.refused)
      if (approval.role === role) say.fail('notSigned', `Signature in the name of ${approval.signer}`, { why, role });
    say.waits('needs-signature', waitingFor(role, missing.lacks, seen, signatures));
  },
});

function waitingFor(role: string, lacks: number, { signing, covers }: SignatureQuestion, all: Signatures): string {
  const others = all.elsewhere.filter(({ approval }) => approval.role === role && approval.verdict === 'approve');
  const near = others.map(({ approval, why }) => ` The signature of ${approval.signer} ${why}.`).join('');
  const who = signing.roles[role]?.signers.join(' or ') ?? role;
  const permit = covers === null ? '' : ` (up to ${covers.through})`;
  return `${lacks === 1 ? 'A signature' : `${lacks} signatures`} for ${role}${permit} ${lacks === 1 ? 'is' : 'are'} missing.${near}\nFix: golive sign --role ${role}, by ${who}.`;
}
