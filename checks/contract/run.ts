/**
 * A run's folder, `.golive/runs/<runId>/`, as every process sees it. The main process makes it and names it in GOLIVE_RUN.
 *
 *   plan.json                  the frozen plan
 *   run.json                   RunHeader, written once at the start
 *   environment.json           EnvironmentIdentity, written by the first worker that reached the cluster
 *   outcomes.<worker>.jsonl    OutcomeRecord a line, fsynced as they come
 *   events.jsonl               RunEvent a line: phases opened and closed, interrupts
 *   evidence/                  files that evidence names
 *   evidence/load/<item>.json  LoadResult
 *   snapshots/                 shared cluster readings of a phase, mode 0600; removed when the run ends
 */
export interface RunHeader {
  readonly schema: 'golive/run/v1';
  readonly runId: string;
  /** RFC 3339. */
  readonly startedAt: string;
  readonly planDigest: string;
  readonly goliveVersion: string;
  /** Phases this run was asked for; null is all that the whole decision needs. */
  readonly selectedPhases: readonly string[] | null;
  readonly pid: number;
  /** Absent in older runs. */
  readonly by?: RunOrigin;
}
/** Who started a run, as the environment of its process says it: nobody has proven it. */
export interface RunOrigin {
  readonly actor: string;
  /** The page of the CI job. */
  readonly ci?: string;
  /** What the CI job has checked out. */
  readonly commit?: string;
}
/** Environment identity = name + UID of the cluster's kube-system namespace. */
export interface EnvironmentIdentity {
  readonly name: string;
  readonly uid: string;
}
export type RunEvent =
  | { readonly at: string; readonly event: 'phase-opened' | 'phase-closed'; readonly phase: string }
  | { readonly at: string; readonly event: 'phase-now'; readonly phase: string; readonly now: string }
  | { readonly at: string; readonly event: 'selected'; readonly phase: string; readonly items: readonly string[] }
  | {
      readonly at: string;
      readonly event: 'precondition';
      readonly phase: string;
      readonly met: boolean;
      readonly enforced: boolean;
      readonly why: string;
    }
  | { readonly at: string; readonly event: 'interrupted'; readonly signal: string }
  | { readonly at: string; readonly event: 'refused'; readonly why: string }
  /** The cutover of this run went back, or did not begin; `complete`: traffic is where it was before. */
  | { readonly at: string; readonly event: 'cutover-ended'; readonly complete: boolean; readonly why: string }
  | { readonly at: string; readonly event: 'finished' };
