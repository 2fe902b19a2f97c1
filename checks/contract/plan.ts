/**
 * The frozen plan: everything a run needs to know, compiled once from YAML by the main process. Workers and the decision read
 * only this. Canonical JSON of it has one digest, and every outcome names that digest.
 */
import type { CapabilityName } from './capabilities.ts';
import type { Environment, Mutation } from './environment.ts';
import type { Severity } from './outcome.ts';
import type { Signing } from './people.ts';

/** Phases in their order; each is a Playwright project of the same name. */
export const PHASES = ['phase1', 'phase2', 'phase3', 'phase4', 'phase5', 'final', 'post-deployment'] as const;
export type PhaseId = (typeof PHASES)[number];
/** The scheduled verification after go-live: decided by itself, no part of the decision to go live. */
export const POST_DEPLOYMENT: PhaseId = 'post-deployment';

/** A place in a YAML file; line and column count from 1. */
export interface SourcePlace {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** One right the gate needs in the cluster: the generated Role is the sum of these. */
export interface Permission {
  /** Absent: cluster-wide (a ClusterRole). */
  readonly namespace?: string;
  readonly groups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
  /** Instead of resources: API paths such as `/readyz`. */
  readonly nonResourceURLs?: readonly string[];
}

export interface SubjectBound {
  readonly comparison: '>=' | '==';
  readonly value: number;
}

export interface PlannedItem {
  readonly id: string;
  readonly phase: PhaseId;
  readonly title: string;
  /** The check kind, or `planned`. */
  readonly kind: string;
  /** Where the item stands in YAML. */
  readonly place: SourcePlace;
  /** The seed's line. */
  readonly source: number;
  /** Heading of the group it stands in, for reports: `Infrastructure Readiness – Kubernetes Cluster`. */
  readonly section?: string;
  readonly severity: Severity;
  readonly owner: string;
  readonly role?: string;
  /** Complete: defaults filled in, environment values put in, overrides applied. May hold `${rehearsal.NAME}`. */
  readonly params: Readonly<Record<string, unknown>>;
  readonly effect: 'read-only' | 'mutating';
  /** Which class of change a mutating item makes. */
  readonly mutation?: Mutation;
  readonly needs: readonly CapabilityName[];
  readonly permissions: readonly Permission[];
  /** CEL over `environment` and `release`. */
  readonly when?: string;
  readonly allowNotApplicable: boolean;
  readonly expectSubjects: SubjectBound;
  readonly waivable: boolean;
  /** Phase a `pending` outcome blocks. */
  readonly dueBy: PhaseId;
  readonly onFailure: 'report' | 'rollback';
  readonly maxAgeMs: number;
  readonly timeoutMs: number;
  readonly waitFor?: { readonly timeoutMs: number; readonly intervalMs: number };
  readonly drill?: string;
  /** Sign-off and approval items: part of the decision, not of what is signed (readiness). */
  readonly signOff: boolean;
}

export interface PlannedPhase {
  readonly id: PhaseId;
  readonly title: string;
  readonly order: 'parallel' | 'sequential';
  readonly file: string;
}

export interface Release {
  readonly name: string;
  readonly version: string;
  /** Git commit, 40 hex digits, or `unknown`. */
  readonly commit: string;
}

/** Who keeps a checklist up to date; dates as `2027-03-31`. */
export interface ChecklistUpkeep {
  /** One of its roles. */
  readonly owner?: string;
  readonly reviewed?: string;
  readonly nextReview?: string;
}

export interface Plan {
  readonly schema: 'golive/plan/v1';
  readonly checklist: {
    readonly name: string;
    readonly file: string;
    /** sha256 of the canonical JSON of phases and items as the checklist states them. */
    readonly digest: string;
    /** Who keeps it, and when it is to be looked at again. */
    readonly upkeep?: ChecklistUpkeep;
  };
  readonly roles: Readonly<Record<string, string>>;
  /** Who signs for which role; absent where the checklist names nobody. */
  readonly signing?: Signing;
  readonly release: Release;
  readonly environment: Environment;
  readonly phases: readonly PlannedPhase[];
  readonly items: readonly PlannedItem[];
  /** sha256 of the canonical JSON of all of the above. */
  readonly digest: string;
}
