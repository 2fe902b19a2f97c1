/** The parts of a cutover on a real cluster and a real endpoint. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { kinds } from '../checks/index.ts';
import { lookBackMs } from '../checks/cutover/second-source.ts';
import type { CheckContext } from '../checks/contract/capabilities.ts';
import type { RehearsalValues } from '../checks/contract/environment.ts';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { clusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { openHost } from '../fixtures/capabilities/host-impl.ts';
import { resolveRehearsal } from '../fixtures/capabilities/host.ts';
import { createRedactor } from '../fixtures/capabilities/redactor.ts';
import { lookupFor } from '../fixtures/capabilities/resolve.ts';
import { realClock } from './clock.ts';
import { whyNotNow } from './change-window.ts';
import { credentialEndOf } from './credential-end.ts';
import { keptSettings } from './kept-settings.ts';
import { leaseClient } from './lease.ts';
import { askedSteps } from '../reports/record/run-folder/cutover-asked.ts';
import { wheelRequests } from '../reports/record/run-folder/cutover-wheel.ts';
import { convergence, recordRevisions, restoreRevision } from './revisions.ts';
import { routeClient } from './traffic/client.ts';
import { groupClient } from './traffic/group.ts';
import { runItem } from '../fixtures/run-item.ts';
import { LEASE_SECONDS } from './guards.ts';
import type { CutoverParts } from './parts.ts';
import { startProber } from './prober.ts';
import { watchPrometheus } from './prometheus.ts';
import { watchServices } from './services.ts';
import type { CutoverSettings } from './settings.ts';
import { watchTree } from './tree-watch.ts';

export interface OpenOptions {
  readonly plan: Plan;
  readonly values: RehearsalValues | null;
  readonly settings: CutoverSettings;
  readonly runDir: string;
  /** Who holds the Lease. */
  readonly id: string;
}
export interface OpenParts {
  readonly parts: CutoverParts;
  /** Removes every secret seen from a text. */
  redact(text: string): string;
  close(): Promise<void>;
}

export function openParts({ plan, values, settings, runDir, id }: OpenOptions): OpenParts {
  const environment = values ? resolveRehearsal(plan.environment, values) : plan.environment;
  const redactor = createRedactor();
  const link = clusterLink(environment.kubeconfig, redactor);
  const host = openHost({ environment, runDir, phase: 'phase4' });
  const { route, services, intervalMs } = settings;
  const { namespace } = route;
  const context = (signal: AbortSignal): CheckContext => ({
    item: 'cutover',
    now: new Date(),
    signal,
    fresh: true,
    progress: () => undefined,
    wait: () => Promise.resolve(),
  });
  const kept = keptSettings(link, namespace, settings.keep, (value) => redactor.add(value));
  const parts: CutoverParts = {
    route: groupClient(
      routeClient(link, route),
      settings.together.map((one) => routeClient(link, one)),
    ),
    changeWindow: (signal) => whyNotNow(settings.changes, host.open(['http', 'files'], context(signal))),
    credentialEnd: (before, signal) => credentialEndOf(environment.kubeconfig, before, signal),
    lease: leaseClient(link, { namespace, name: settings.lease, holder: id, durationSeconds: LEASE_SECONDS }),
    revisions: {
      record: (signal) => recordRevisions(link, namespace, settings.deployments, signal),
      restore: (recorded, signal) => restoreRevision(link, recorded, signal),
      convergence: (recorded, signal) => convergence(link, recorded, signal),
    },
    settings: {
      record: (signal) => kept.record(settings.deployments, signal),
      restore: (recorded, signal) => kept.restore(recorded, signal),
    },
    probe: (now) =>
      startProber({
        url: settings.url,
        caFile: settings.caFile,
        lookup: lookupFor(environment.dns),
        rate: settings.probeRate,
        timeoutMs: settings.probeTimeoutMs,
        versionHeader: route.versionHeader,
        keptMs: keptMs(settings),
        now,
      }),
    watch: () => {
      const over = new AbortController();
      const { cluster } = host.open(['cluster'], context(over.signal));
      const watch = watchServices(cluster, namespace, services, intervalMs, realClock);
      return {
        seen: watch.seen,
        stop: () => {
          watch.stop();
          over.abort();
        },
      };
    },
    prometheus: (now) => {
      const over = new AbortController();
      const { http } = host.open(['http'], context(over.signal));
      const watch = watchPrometheus(http, settings.metrics, { ...realClock, now });
      return {
        seen: watch.seen,
        stop: () => {
          watch.stop();
          over.abort();
        },
      };
    },
    tree: (now) => {
      const over = new AbortController();
      const { http } = host.open(['http'], context(over.signal));
      const watch = watchTree(http, settings.tree, { ...realClock, now });
      return {
        seen: watch.seen,
        stop: () => {
          watch.stop();
          over.abort();
        },
      };
    },
    outcomes: outcomesOf(runDir),
    verify: async (name, signal) => {
      const item = plan.items.find((one) => one.id === name);
      const kind = item && kinds.get(item.kind);
      if (!item || !kind) throw new Error(`${name} is no item of the plan`);
      return await runItem({
        plan,
        item,
        kind,
        openHost: () => Promise.resolve({ host, values }),
        now: new Date(),
        signal,
        attempt: 1,
        armed: process.env['GOLIVE_ARM'],
        progress: () => undefined,
        defect: () => undefined,
      });
    },
    wheel: () => wheelRequests(runDir),
    asked: () => askedSteps(runDir),
  };
  return {
    parts,
    redact: (text) => host.redact(redactor.redact(text)),
    close: async () => {
      await host.close();
      await link.close();
    },
  };
}

/**
 * The outcomes of a run, read as they come: only what was added since the last look. Reading the whole run with its plan takes seconds,
 * in which the cutover would see nothing. A line that is not whole yet is read the next time.
 */
function outcomesOf(runDir: string): CutoverParts['outcomes'] {
  const read = new Map<string, number>();
  const outcomes: OutcomeRecord[] = [];
  return () => {
    for (const name of readdirSync(runDir).filter((one) => /^outcomes\..+\.jsonl$/.test(one))) {
      const file = join(runDir, name);
      const from = read.get(name) ?? 0;
      if (statSync(file).size === from) continue;
      const whole = readFileSync(file).subarray(from);
      const end = whole.lastIndexOf('\n') + 1;
      for (const line of whole.subarray(0, end).toString('utf8').split('\n'))
        if (line !== '') outcomes.push(JSON.parse(line) as OutcomeRecord);
      read.set(name, from + end);
    }
    return outcomes;
  };
}

/** As long as the longest look back: a window of a trigger or of its oldest answer from Prometheus, or the proof of a split. */
function keptMs({ triggers, steps, probeTimeoutMs, intervalMs }: CutoverSettings): number {
  const asked = triggers.flatMap(({ prometheus }) => (prometheus ? [lookBackMs(prometheus, intervalMs)] : []));
  const windows = [
    ...triggers.map(({ windowMs }) => windowMs),
    ...asked,
    ...steps.map(({ proveWithinMs }) => proveWithinMs),
  ];
  return Math.max(...windows, probeTimeoutMs) + 10_000;
}
