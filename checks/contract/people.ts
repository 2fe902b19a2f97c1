/** What people add to measured facts: the decision reads them, `specs/loader/people/` reads them from files and verifies their signatures. */

/** The purpose that keys of people are allowed for, as `ssh-keygen -n` names it. */
export const PEOPLE_NAMESPACE = 'golive-signoff';

/** One line of allowed_signers that holds the key for this purpose. Times are RFC 3339; absent: without that bound. */
export interface KeyHolder {
  readonly principal: string;
  readonly after?: string;
  readonly before?: string;
}
/** Whose key signed a text, as far as files say; or why nobody's did. Whether the key counts now, and for which role, is asked later. */
export type Signed =
  | { readonly fingerprint: string; readonly holders: readonly KeyHolder[] }
  | { readonly refused: 'unsigned' | 'forged' | 'unknown-key' | 'revoked'; readonly why: string };

/** Who may speak for a role. */
export interface SigningRole {
  /** Principals of allowed_signers. */
  readonly signers: readonly string[];
  /** How many of them must. */
  readonly quorum: number;
}
/** The rules by which people sign, frozen with the plan. */
export interface Signing {
  readonly roles: Readonly<Record<string, SigningRole>>;
  /** Nobody signs for two roles. */
  readonly twoPerson: boolean;
  /** Who wrote the release does not sign it. */
  readonly excludeAuthors: boolean;
  /** Who wrote it; null: nobody can tell. */
  readonly authors: readonly string[] | null;
  /** How many items may be waived at once; absent: as many as somebody approves. */
  readonly maxWaived?: number;
}

/** Accepts one blocking outcome of one item, for one release in one environment, until it expires. */
export interface Waiver {
  /** `<item>@<environment>` and, where a subject is named, `#<subject>`: unique, made by the loader. */
  readonly id: string;
  readonly item: string;
  /** The environment's name. */
  readonly environment: string;
  /** The release's version, or `name@version`. */
  readonly release: string;
  readonly reason: string;
  readonly approver: string;
  readonly ticket: string;
  /** RFC 3339. From this moment on it covers nothing. */
  readonly expires: string;
  /** Covers the findings about this subject only; all other findings still block. */
  readonly subject?: string;
  /** `file:line:column` it stands at, for warnings. */
  readonly place: string;
  /** Who wrote its lines, as git says: names and mail addresses; absent: nobody can tell. */
  readonly authors?: readonly string[];
}

/** A declared role vouches for something that no program can look at. */
export interface Attestation {
  readonly item: string;
  readonly environment: string;
  readonly release: string;
  /** One of the checklist's roles, and the role the item asks for. */
  readonly role: string;
  readonly approver: string;
  /** What is vouched for, in the person's words. */
  readonly statement: string;
  readonly ticket?: string;
  /** Where others can look it up: a link, or a file of the project. */
  readonly evidence?: string;
  /** RFC 3339. */
  readonly expires: string;
  readonly place: string;
  readonly signed: Signed;
}

/** What the kinds of people are handed: who may speak for an item's role, and what was said of it. */
export interface Spoken<T> {
  /** The item's role; null where it names none. */
  readonly role: string | null;
  readonly environment: string;
  readonly release: { readonly name: string; readonly version: string };
  readonly signing: Signing;
  readonly said: readonly T[];
  /** Files that cannot be read as what they should be: nobody knows what they say. */
  readonly problems: readonly string[];
}
/** The capability `people`, as types only. */
export interface PeopleReader {
  /** What is attested of the item that asks. */
  attestations(): Promise<Spoken<Attestation>>;
  /** What was signed and rejected, for every role. What it must cover is known when the run is decided: null. */
  approvals(): Promise<Spoken<Approval> & { readonly covers: Covered | null }>;
}

/** What a signature covers, part by part: times and messages are no part of it, so that renewed evidence with equal outcomes voids nothing. */
export interface Covered {
  /** Digest of the plan: items with resolved params, overrides, `when`, roles. */
  readonly plan: string;
  readonly checklist: string;
  readonly release: { readonly name: string; readonly version: string; readonly commit: string };
  readonly environment: { readonly name: string; readonly uid: string };
  /** The phase before which the permit was asked for, or the last that it covers. */
  readonly through: string;
  readonly readiness: string;
  /** Images that the evidence is bound to. */
  readonly images: readonly string[];
  /** Outcome by item; a waiver or an attestation is named by its digest: `fail waived sha256:…`. */
  readonly items: Readonly<Record<string, string>>;
}

/** A role's signature on a release, or its rejection, as its file says. Whether it counts is the decision's question. */
export interface Approval {
  readonly role: string;
  /** Whom the signer says to be: a principal of allowed_signers. */
  readonly signer: string;
  readonly verdict: 'approve' | 'reject';
  /** Of a rejection. */
  readonly reason?: string;
  /** RFC 3339. */
  readonly signedAt: string;
  readonly covers: Covered;
  readonly place: string;
  readonly signed: Signed;
  /** The file and what lies beside it, as they are, so that whoever has the bundle can verify them again; absent: an earlier version wrote it. */
  readonly written?: WrittenApproval;
  /** What an authority says of when its signature was there; absent: nobody asked one. */
  readonly timestamp?: Timestamp;
}
/** RFC 3339; or why it counts for nothing. */
export type Timestamp = { readonly at: string; readonly refused?: undefined } | { readonly refused: string };
export interface WrittenApproval {
  readonly text: string;
  readonly signature?: string;
}

/** The kinds that ask a person and nothing else. */
export const ATTESTED_KINDS: readonly string[] = ['people/attestation'];

/** Those that measure something and may want a signature beside it. */
const ATTESTED_BESIDE: readonly string[] = ['post-deployment/security-posture'];

/** Whether an item asks for a statement: alone, or beside what it measures, which no statement replaces. */
export const asksStatement = ({
  kind,
  params = {},
}: {
  readonly kind: string;
  readonly params?: Readonly<Record<string, unknown>>;
}): boolean =>
  ATTESTED_KINDS.includes(kind) || (ATTESTED_BESIDE.includes(kind) && typeof params['statement'] === 'string');
