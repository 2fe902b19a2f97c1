/** What people add to measured facts. Types only: the decision reads them, `load.ts` reads them from YAML. */

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
  /** RFC 3339. */
  readonly expires: string;
  readonly place: string;
}

/** A signature on a sign-off item. Whoever makes this value has verified the signature; the decision checks what it covers. */
export interface Approval {
  readonly item: string;
  readonly role: string;
  readonly approver: string;
  /** RFC 3339. */
  readonly signedAt: string;
  /** Digest of what was signed: see `readinessDigest`. */
  readonly covers: string;
}

/** The kinds that ask a person; every other kind is measured and cannot be attested. */
export const ATTESTED_KINDS: readonly string[] = ['people/attestation'];
