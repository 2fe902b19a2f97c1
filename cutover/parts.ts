/** What the cutover acts and looks through, as the engine sees it; `open.ts` makes the real ones, tests make others. */
import type { ProbeRecord, RecordedRevision, RecordedSetting, WheelRequest } from '../checks/contract/cutover.ts';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import type { SplitState } from '../checks/protocols/traffic/system.ts';
import type { CredentialEnd } from './credential-end.ts';
import type { PrometheusWatch } from './prometheus.ts';
import type { ServicesSeen } from './services.ts';
import type { TreeWatch } from './tree-watch.ts';

/** The shares as they stand, and whether whoever must obey has taken them. */
export type RouteState = Omit<SplitState, 'resourceVersion'>;
export interface CutoverParts {
  readonly route: {
    read(signal: AbortSignal): Promise<RouteState>;
    set(canary: number, signal: AbortSignal): Promise<RouteState>;
  };
  /** Why traffic may not be moved now, by the calendars of the environment; null where it may, or where none is declared. */
  changeWindow(signal: AbortSignal): Promise<string | null>;
  /** When the credential ends by which traffic is moved and taken back, if before that; null where it is renewed, or does not say. */
  credentialEnd(before: number, signal: AbortSignal): Promise<CredentialEnd | null>;
  readonly lease: {
    acquire(signal: AbortSignal): Promise<{ readonly tookOver: string | null }>;
    renew(signal: AbortSignal): Promise<void>;
    release(signal: AbortSignal): Promise<void>;
  };
  readonly revisions: {
    record(signal: AbortSignal): Promise<readonly RecordedRevision[]>;
    restore(recorded: RecordedRevision, signal: AbortSignal): Promise<'unchanged' | 'restored'>;
    convergence(
      recorded: RecordedRevision,
      signal: AbortSignal,
    ): Promise<{ readonly done: boolean; readonly why: string }>;
  };
  /** ConfigMaps and Secrets that the release of before takes. */
  readonly settings: {
    record(signal: AbortSignal): Promise<readonly RecordedSetting[]>;
    restore(recorded: RecordedSetting, signal: AbortSignal): Promise<'unchanged' | 'restored'>;
  };
  /** Starts asking as users do; answers are kept. */
  probe(now: () => number): { records(): readonly ProbeRecord[]; stop(): void };
  /** Starts asking the critical services. */
  watch(): {
    readonly seen: () => ServicesSeen;
    readonly stop: () => void;
  };
  /** Starts asking Prometheus what triggers want of it. */
  prometheus(now: () => number): PrometheusWatch;
  /** Starts looking at the decision tree of an emergency. */
  tree(now: () => number): TreeWatch;
  /** Outcomes of this run so far. */
  outcomes(): readonly OutcomeRecord[];
  /** Runs an item of the plan again. */
  verify(item: string, signal: AbortSignal): Promise<Pick<OutcomeRecord, 'outcome' | 'message'>>;
  /** What people at the wheel have asked for so far. */
  wheel(): readonly WheelRequest[];
  /** Items whose step was asked for. */
  asked(): readonly string[];
}
