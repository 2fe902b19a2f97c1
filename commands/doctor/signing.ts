/** Whether everybody who must sign on launch day can. */
import { dirname, join } from 'node:path';
import type { Plan } from '../../checks/contract/plan.ts';
import type { Signing } from '../../checks/contract/people.ts';
import { PEOPLE_NAMESPACE } from '../../checks/contract/people.ts';
import { ALLOWED_SIGNERS, peopleKeys, type PeopleKeys } from '../../specs/loader/people/keys.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

/** Nothing where no item asks for a signature. */
export function signingFindings(root: string, plan: Plan, now: Date): readonly Finding[] {
  const asked = plan.items.filter(({ kind }) => kind === 'people/signature');
  const roles = [...new Set(asked.flatMap(({ role }) => role ?? []))];
  if (roles.length === 0) return [];
  const { signing } = plan;
  if (!signing)
    return [
      bad(
        'signatures',
        `no person is named for ${roles.join(', ')}: the release needs their signatures, so it can never be GO`,
        howToName(roles[0] ?? 'ROLE', plan.checklist.file),
      ),
    ];
  const keys = peopleKeys(root, plan);
  if (keys.problem !== undefined) return [missingKeys(plan, keys.problem)];
  const able = new Map(roles.map((role) => [role, ableSigners(role, signing, keys, now)]));
  const short = roles.filter((role) => (able.get(role)?.length ?? 0) < (signing.roles[role]?.quorum ?? 1));
  const findings = [
    ...keys.notes.map((note) => bad('signatures', note, 'Correct the line')),
    ...short.map((role) => shortOf(role, signing, keys)),
    ...(signing.excludeAuthors && signing.authors === null
      ? [bad('signatures', 'who wrote the release cannot be told', 'Name release.authors in checklist.yaml')]
      : []),
  ];
  if (findings.length > 0) return findings;
  if (signing.twoPerson && !canAll(roles, able, signing))
    return [
      bad('signatures', 'nobody may sign for two roles, and there are too few people for that', 'Name more signers'),
    ];
  return [ok('signatures', `${roles.length} roles can be signed for: ${roles.join(', ')}`)];
}

/** In the words of whoever has never done it: what to write, where, and where the key comes from. */
function howToName(role: string, checklist: string): string {
  const beside = join(dirname(checklist), ALLOWED_SIGNERS);
  return [
    `1. In ${checklist}, under roles, write ${role}: {title: who that is, signers: [ada@example.com]}, and so for each`,
    `2. In ${beside}, a line for each person: ada@example.com namespaces="${PEOPLE_NAMESPACE}" ssh-ed25519 AAAA…, the text of their ~/.ssh/id_ed25519.pub (ssh-keygen -t ed25519 makes one)`,
    `3. On launch day each signs: golive sign --role ${role}`,
  ].join('; ');
}

function missingKeys({ environment, checklist }: Plan, problem: string): Finding {
  // The rehearsal makes its people when it starts.
  return environment.rehearsal
    ? warn('signatures', problem, 'npx playwright test makes the rehearsal’s signers')
    : bad(
        'signatures',
        problem,
        `Write ${join(dirname(checklist.file), ALLOWED_SIGNERS)}, a line for each person: ada@example.com namespaces="${PEOPLE_NAMESPACE}" ssh-ed25519 AAAA…, the text of their ~/.ssh/id_ed25519.pub`,
      );
}

function ableSigners(role: string, signing: Signing, { signers, revoked }: PeopleKeys, now: Date): readonly string[] {
  const excluded = signing.excludeAuthors ? (signing.authors ?? []) : [];
  const at = now.getTime();
  const hasKey = (name: string): boolean =>
    signers.some(
      ({ principals, namespaces, after, before, fingerprint }) =>
        principals.split(',').includes(name) &&
        namespaces.includes(PEOPLE_NAMESPACE) &&
        after <= at &&
        at < before &&
        !revoked.has(fingerprint),
    );
  return (signing.roles[role]?.signers ?? []).filter((name) => !excluded.includes(name) && hasKey(name));
}

function shortOf(role: string, { roles }: Signing, { file }: PeopleKeys): Finding {
  const { signers = [], quorum = 1 } = roles[role] ?? {};
  const text = `${role} needs ${quorum} of ${signers.join(', ') || 'nobody'}, and too few of them have a key that counts now and did not write the release`;
  const line = `NAME namespaces="${PEOPLE_NAMESPACE}" KEY-TYPE KEY`;
  return bad(
    'signatures',
    text,
    `Name more signers of ${role} in checklist.yaml, and give each a line in ${file}: ${line}`,
  );
}

/** Can every role's quorum be met by people of its own? Seats are given one by one; whoever sits may be moved to another one. */
function canAll(
  roles: readonly string[],
  able: ReadonlyMap<string, readonly string[]>,
  { roles: rules }: Signing,
): boolean {
  const seats = roles.flatMap((role) => Array.from({ length: rules[role]?.quorum ?? 1 }, () => role));
  const seated = new Map<string, number>();
  const seat = (index: number, tried: Set<string>): boolean =>
    (able.get(seats[index] ?? '') ?? []).some((name) => {
      if (tried.has(name)) return false;
      tried.add(name);
      const other = seated.get(name);
      if (other !== undefined && !seat(other, tried)) return false;
      seated.set(name, index);
      return true;
    });
  return seats.every((_, index) => seat(index, new Set()));
}
