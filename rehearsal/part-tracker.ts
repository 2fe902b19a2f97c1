/** How the parts of the platform tell that they start, are ready, fail and come back. */
import { errorText } from '../checks/contract/text.ts';
import type { RehearsalValues } from '../checks/contract/environment.ts';
import type { BackendAddress } from './control-plane-types.ts';
import { MissingComponent } from './platform-types.ts';
import type { RehearsalComponent } from '../fixtures/rehearsal-client/state.ts';

/** How the platform tells its state; every call is one more thing known. */
export interface PlatformReporter {
  component(component: RehearsalComponent): void;
  values(values: Partial<RehearsalValues>): void;
}

export interface PartTracker {
  /** Reports a part as it starts, is ready or fails; its promise is never left unhandled. */
  part<T>(name: string, work: Promise<T>, pidOf: (part: T) => number | undefined): Promise<T>;
  /** A part that was ready has ended. */
  lost(name: string, exitCode: number): void;
  /** A part that had ended runs again. */
  back(name: string, pid: number | undefined): void;
  /**
   * Follows a Service's ready pods: `starting` until `wanted` are ready for the first time, `failed` when none is later. `ready` is
   * called once.
   */
  replicas(name: string, wanted: number, ready: () => void): (backends: readonly BackendAddress[]) => void;
}

/** `begin`: performance.now() of the platform's start. */
export function trackParts(report: PlatformReporter, begin: number): PartTracker {
  const since = (): number => Math.round(performance.now() - begin);
  const withPid = (pid: number | undefined) => (pid === undefined ? {} : { pid });
  return {
    part<T>(name: string, work: Promise<T>, pidOf: (part: T) => number | undefined): Promise<T> {
      report.component({ name, state: 'starting' });
      const tracked = work.then(
        (part) => {
          report.component({ name, state: 'ready', readyAfterMs: since(), ...withPid(pidOf(part)) });
          return part;
        },
        (cause: unknown) => {
          const detail = errorText(cause);
          const state = cause instanceof MissingComponent ? 'missing' : 'failed';
          report.component({ name, state, detail });
          throw new Error(`${name}: ${detail}`, { cause });
        },
      );
      // A part that fails before anybody waits for it must not end the process.
      tracked.catch(() => undefined);
      return tracked;
    },
    lost: (name, exitCode) =>
      report.component({ name, state: 'failed', detail: `its process ended with exit code ${exitCode}` }),
    back: (name, pid) => report.component({ name, state: 'ready', ...withPid(pid) }),
    replicas(name, wanted, ready) {
      report.component({ name, state: 'starting' });
      let readyAfterMs: number | undefined;
      return (backends) => {
        if (backends.length >= wanted && readyAfterMs === undefined) {
          readyAfterMs = since();
          ready();
        }
        if (readyAfterMs === undefined) return;
        const live = backends.length > 0;
        const detail = live ? {} : { detail: 'no pod of it is ready' };
        report.component({ name, state: live ? 'ready' : 'failed', readyAfterMs, ...detail });
      };
    },
  };
}
