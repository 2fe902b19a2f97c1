/** Who speaks by a signature: does its key count now, and may whoever holds it speak for the role? Pure. */
import type { Attestation, Signed, Signing, Spoken } from '../contract/people.ts';
import type { Plan, PlannedItem } from '../contract/plan.ts';

/** Why a signature counts for nothing. */
export type RefusalId = 'unsigned' | 'forged' | 'unknown-key' | 'revoked' | 'expired-key' | 'wrong-role' | 'several';
export type Speaker =
  | { readonly principal: string; readonly fingerprint: string; readonly refused?: undefined }
  | { readonly refused: RefusalId; readonly why: string };

/** Whom a signature speaks for: the one signer of the role whose key it is, at this time. */
export function speakerFor(signed: Signed, role: string, { roles }: Signing, now: Date): Speaker {
  if ('refused' in signed) return signed;
  const { fingerprint, holders } = signed;
  const at = now.getTime();
  const current = holders.filter(
    ({ after, before }) =>
      (after === undefined || Date.parse(after) <= at) && (before === undefined || at < Date.parse(before)),
  );
  if (current.length === 0)
    return { refused: 'expired-key', why: `the key ${fingerprint} does not count now: ${validity(holders)}` };
  const signers = roles[role]?.signers ?? [];
  const names = [...new Set(current.map(({ principal }) => principal))].filter((name) => signers.includes(name));
  const [principal] = names;
  if (principal === undefined) {
    const who = current.map((one) => one.principal).join(', ');
    return {
      refused: 'wrong-role',
      why: `${who} is no signer of the role ${role} (${signers.join(', ') || 'nobody is'})`,
    };
  }
  return names.length === 1
    ? { principal, fingerprint }
    : { refused: 'several', why: `the key ${fingerprint} belongs to ${names.join(' and ')}: one key is one person` };
}

function validity(holders: readonly { readonly after?: string; readonly before?: string }[]): string {
  const spans = holders.map(({ after, before }) =>
    [after === undefined ? '' : `from ${after}`, before === undefined ? '' : `until ${before}`]
      .filter(Boolean)
      .join(' '),
  );
  return `valid ${spans.join(', ')}`;
}

/** True when `named` (a version, or `name@version`) is this release. */
export function isRelease(named: string, release: { readonly name: string; readonly version: string }): boolean {
  return named === release.version || named === `${release.name}@${release.version}`;
}

/** Whether it is said of this environment and release. */
export function isHere(
  said: Pick<Attestation, 'environment' | 'release'>,
  here: { readonly environment: string; readonly release: { readonly name: string; readonly version: string } },
): boolean {
  return said.environment === here.environment && isRelease(said.release, here.release);
}

/** What the kinds of people are handed of a plan's item. */
export function spokenOf<T>(
  plan: Pick<Plan, 'environment' | 'release' | 'signing'>,
  item: Pick<PlannedItem, 'role'>,
  said: readonly T[],
  problems: readonly string[],
): Spoken<T> {
  const { name, version } = plan.release;
  return {
    role: item.role ?? null,
    environment: plan.environment.name,
    release: { name, version },
    signing: plan.signing ?? { roles: {}, twoPerson: true, excludeAuthors: true, authors: null },
    said,
    problems,
  };
}

/** The role that an item waits for; or why nobody can speak for it. */
export function namedRole({ role, signing }: Spoken<unknown>): string | { readonly why: string } {
  const signers = role === null ? undefined : signing.roles[role]?.signers;
  if (role !== null && signers !== undefined && signers.length > 0) return role;
  const who = role === null ? 'The item names no role' : `Nobody may sign for the role ${role}`;
  return { why: `${who}: name its signers in checklist.yaml, under roles.` };
}

/** Whether nobody can tell who must not sign. */
export function isAuthorUnknown({ excludeAuthors, authors }: Signing): boolean {
  return excludeAuthors && authors === null;
}

export const WHO_WROTE_IT = 'who wrote it: name release.authors in checklist.yaml, or run in its repository';
