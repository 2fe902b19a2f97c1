import type { Attestation, Spoken } from '../../contract/people.ts';
import { table } from '../../kit/evidence.ts';
import { kind, type ParamsOf, type Say } from '../../kit/kind.ts';
import { isHere, namedRole, speakerFor, type Speaker } from '../speakers.ts';

const DAY_MS = 86_400_000;

export const attestationMessages = {
  notSigned: {
    says: '{subject}: counts for nothing ({why}), expected the signature of a signer of {role}.',
    fix: 'Have the role attest it: golive attest ITEM; remove or correct what does not hold.',
  },
  tooLong: {
    says: '{subject}: stands until {until}, expected an end within {days} days.',
    fix: 'Attest it again with an earlier end.',
  },
  noEvidence: {
    says: '{subject}: names no evidence, expected a link or a file where others can look it up.',
    fix: 'Attest it again with golive attest ITEM --evidence LINK.',
  },
} as const;

export const attestationParams = {
  statement: {
    type: 'string',
    minLength: 10,
    maxLength: 1000,
    description: 'What is attested, as a sentence: `golive attest` shows it to whoever signs.',
  },
  maxDays: {
    type: 'integer',
    minimum: 1,
    maximum: 366,
    default: 90,
    description: 'Longest time, in days, that an attestation may stand from now on; it says itself when it ends.',
  },
  needsEvidence: {
    type: 'boolean',
    default: false,
    description: 'Whether it must name where others can look it up: a link, or a file of the project.',
  },
} as const;
type Params = Pick<ParamsOf<typeof attestationParams, 'statement'>, 'statement' | 'maxDays' | 'needsEvidence'>;

export const attestation = kind('people/attestation', {
  title: 'A named role vouches for what no program can look at',
  why: 'What only people know is otherwise assumed on launch day, and nobody remembers having promised it.',
  sees: [
    'Files in the attestations folder that name the item, this environment and this release: who signed them, with which key, and until when they stand.',
    'That the key is allowed beside the checklist, was not revoked, and belongs to a signer of the role that the item names.',
  ],
  not: ['Whether the statement is true: whoever signs it answers for that.'],
  needs: ['people'],
  params: attestationParams,
  required: ['statement'],
  messages: attestationMessages,
  gather: (_, { people }) => people.attestations(),

  judge: (params, seen, say, now) => judgeAttestation(params, seen, say, now),
});

/** Whether the item's role vouches for it: also of kinds that measure something, and want a signature beside it. */
export function judgeAttestation(
  params: Params,
  seen: Spoken<Attestation>,
  say: Say<typeof attestationMessages>,
  now: Date,
): void {
  const role = namedRole(seen);
  if (typeof role !== 'string') return say.unsure('misconfigured', role.why);
  const quorum = seen.signing.roles[role]?.quorum ?? 1;
  const here = standing(seen, role, now);
  const good = here.filter((one) => one.speaker.refused === undefined && flawsOf(one.said, params, now).length === 0);
  const people = new Set(good.flatMap(({ speaker }) => (speaker.refused === undefined ? [speaker.principal] : [])));
  for (const { said, speaker } of good) say.judged(subjectOf(said, speaker));
  if (people.size >= quorum) {
    say.show(table('Attested by', ['who', 'role', 'statement', 'until', 'evidence'], good.map(rowOf)));
    return;
  }
  // What cannot be read may be what is missing.
  for (const problem of seen.problems) say.unsure('protocol', problem);
  for (const one of here) tellFlaws(one, role, params, say, now);
  if (people.size > 0) say.unsure('too-few-subjects', `${people.size} of ${quorum} signers of ${role} attest it.`);
  else say.waits('needs-attestation', waitingFor(seen, role, params.statement, now));
}

function tellFlaws(
  { said, speaker }: Said,
  role: string,
  params: Params,
  say: Pick<Say<typeof attestationMessages>, 'fail'>,
  now: Date,
): void {
  const subject = subjectOf(said, speaker);
  if (speaker.refused !== undefined) return say.fail('notSigned', subject, { why: speaker.why, role });
  for (const flaw of flawsOf(said, params, now)) {
    if (flaw === 'tooLong') say.fail(flaw, subject, { until: said.expires, days: params.maxDays });
    else say.fail(flaw, subject);
  }
}

interface Said {
  readonly said: Attestation;
  readonly speaker: Speaker;
}

/** What is said of this release here and has not expired. */
function standing(seen: Spoken<Attestation>, role: string, now: Date): readonly Said[] {
  return seen.said
    .filter((said) => said.role === role && isHere(said, seen) && Date.parse(said.expires) > now.getTime())
    .map((said) => ({ said, speaker: speakerFor(said.signed, role, seen.signing, now) }));
}

function flawsOf(
  said: Attestation,
  { maxDays, needsEvidence }: Params,
  now: Date,
): readonly ('tooLong' | 'noEvidence')[] {
  const tooLong = Date.parse(said.expires) - now.getTime() > maxDays * DAY_MS;
  return [
    ...(tooLong ? (['tooLong'] as const) : []),
    ...(needsEvidence && !said.evidence ? (['noEvidence'] as const) : []),
  ];
}

const subjectOf = ({ approver }: Attestation, speaker: Speaker): string =>
  speaker.refused === undefined ? `Attestation by ${speaker.principal}` : `Attestation in the name of ${approver}`;

const rowOf = ({ said, speaker }: Said): readonly (string | null)[] => [
  speaker.refused === undefined ? `${said.approver} (${speaker.principal})` : said.approver,
  said.role,
  said.statement,
  said.expires,
  said.evidence ?? null,
];

/** What is missing, with the nearest thing that there is. */
function waitingFor(seen: Spoken<Attestation>, role: string, statement: string, now: Date): string {
  const own = seen.said.filter((said) => said.role === role);
  const expired = own.find((said) => isHere(said, seen) && Date.parse(said.expires) <= now.getTime());
  const other = own.find((said) => !isHere(said, seen));
  const near = expired
    ? ` The last one ended at ${expired.expires}.`
    : other
      ? ` There is one for ${other.release} in ${other.environment}.`
      : '';
  return `The role ${role} has not attested: ${statement.replace(/\.$/, '')}.${near}\nFix: golive attest ITEM, signed by ${seen.signing.roles[role]?.signers.join(' or ') ?? role}.`;
}
