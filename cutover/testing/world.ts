/** A world for tests of the engine: a route, users and services in memory, each of which can be broken. Its clock is its own. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type {
  CutoverEvent,
  CutoverEventOf,
  ProbeRecord,
  RecordedRevision,
  RecordedSetting,
  RollbackReason,
  WheelRequest,
} from '../../checks/contract/cutover.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Reading } from '../../checks/cutover/second-source.ts';
import { readCutover, type CutoverLog } from '../../reports/record/run-folder/cutover-log.ts';
import { openJournal, type CutoverJournal } from '../journal.ts';
import { readingsOf } from './tree.ts';
import { VirtualClock } from './virtual-clock.ts';
import type { CredentialEnd } from '../credential-end.ts';
import type { CutoverEnd } from '../begin.ts';
import { runCutover } from '../engine.ts';
import type { CutoverParts } from '../parts.ts';
import type { PrometheusWatch } from '../prometheus.ts';
import { rehearseRollback } from '../rehearse.ts';
import type { CutoverSettings } from '../settings.ts';

export const STABLE: RecordedRevision = {
  namespace: 'shop',
  deployment: 'api-green',
  uid: 'u1',
  revision: '3',
  replicas: 2,
  replicaSet: 'api-green-6d4',
};
const NEW = '2.0.0';
const USERS_PER_MS = 4;
/** Longer than any window of these tests. */
const KEPT_MS = 2000;

export const SETTINGS: CutoverSettings = {
  route: {
    namespace: 'shop',
    name: 'api',
    rule: 0,
    stable: 'api-green',
    canary: 'api',
    versionHeader: 'x-version',
    canaryVersion: NEW,
  },
  together: [],
  url: 'http://127.0.0.1:9/',
  caFile: undefined,
  probeRate: 1000,
  probeTimeoutMs: 1000,
  deployments: ['api-green'],
  keep: { configMaps: [], secrets: [] },
  services: [{ name: 'api', port: 80, path: '/health' }],
  verify: ['HEALTH'],
  lookBefore: [],
  lease: 'golive-cutover',
  rollbackWithinMs: 5000,
  steps: [
    { item: 'MIG-5', weight: 5, watchMs: 120, proveWithinMs: 5000 },
    { item: 'MIG-50', weight: 50, watchMs: 120, proveWithinMs: 5000 },
    { item: 'MIG-100', weight: 100, watchMs: 120, proveWithinMs: 5000 },
  ],
  triggers: [
    {
      item: 'TRI-ERR',
      metric: 'error-rate',
      threshold: 0.05,
      forMs: 100,
      windowMs: 100,
      minSamples: 20,
      onNoData: 'hold',
    },
    { item: 'TRI-P95', metric: 'p95', threshold: 500, forMs: 150, windowMs: 100, minSamples: 20, onNoData: 'hold' },
    {
      item: 'TRI-SVC',
      metric: 'critical-service',
      threshold: 0,
      forMs: 0,
      windowMs: 100,
      minSamples: 1,
      onNoData: 'fail',
    },
  ],
  metrics: [],
  maxHalfWidthAt5: 0.02,
  maxHalfWidth: 0.05,
  compression: 1,
  intervalMs: 20,
  leastPatienceMs: 30_000,
  before: ['TRI-ERR'],
  rollbackOn: ['HEALTH'],
};

export const FACTS = { id: 'gate-1', release: 'shop 2.0.0', environment: 'test', planDigest: 'd' } as const;

export class World {
  readonly runDir = mkdtempSync(join(tmpdir(), 'golive-cutover-'));
  readonly clock = new VirtualClock();
  readonly back = new AbortController();
  readonly finish = new AbortController();
  weight = 0;
  /** What the gateway really does; null: as the weights say. */
  really: number | null = null;
  /** Share of the new release's answers that fail, share of its requests that nobody answers, and how long they take. */
  failing = 0;
  losing = 0;
  ms = 3;
  down: string[] = [];
  /** What Prometheus says, asked twenty times a second; null: it cannot be reached. */
  metric: () => number | null = () => null;
  /** What the branches of the decision tree read; null: their source does not answer. */
  branches: Readonly<Record<string, number | null>> = {};
  /** Nobody answers at all. */
  silent = false;
  restores = 0;
  /** Settings of the release before, those that were put back, and those that cannot be. */
  kept: RecordedSetting[] = [];
  put: string[] = [];
  lost: ReadonlySet<string> = new Set();
  leaseHeldBy: string | null = null;
  credentialEnd: CredentialEnd | null = null;
  /** Why traffic may not be moved now. */
  frozen: string | null = null;
  /** What reading the route or renewing the Lease throws; whether the gateway takes the route. */
  routeError: Error | null = null;
  renewError: Error | null = null;
  accepted = true;
  asked: string[] = [];
  /** What people at the wheel say. */
  wheel: WheelRequest[] = [];
  outcomes: Pick<OutcomeRecord, 'item' | 'outcome' | 'message'>[] = [{ item: 'TRI-ERR', outcome: 'pass', message: '' }];
  /** Throws instead of acting while it names the act: `read`, `set`, `renew`, `restore`. */
  broken: ReadonlySet<string> = new Set();
  /** Called before each event is told. */
  onTell: (event: { readonly event: string }) => void = () => undefined;
  verifies: OutcomeRecord['outcome'] = 'pass';
  sets: number[] = [];
  /** Items that were run again, and how often the weight had been set by then. */
  lookedAt: { readonly item: string; readonly weight: number; readonly sets: number }[] = [];

  #journal: CutoverJournal | undefined;
  /** The engine has ended. */
  #over = false;

  get events(): readonly CutoverEvent[] {
    return this.#journal?.events ?? readCutover(this.runDir);
  }
  /** Of `log`, by this world's clock. */
  open(log: CutoverLog = 'cutover'): CutoverJournal {
    const journal = openJournal(this.runDir, log, this.clock);
    if (log === 'cutover') this.#journal = journal;
    return journal;
  }
  of<Name extends CutoverEvent['event']>(name: Name): readonly CutoverEventOf<Name>[] {
    return this.events.filter((one): one is CutoverEventOf<Name> => one.event === name);
  }

  /** Asks for each step once the one before is done and passed, as items do; ends the run after the last one. */
  async items(
    steps: readonly string[] = SETTINGS.steps.map(({ item }) => item),
    { andFinish = true }: { readonly andFinish?: boolean } = {},
  ): Promise<void> {
    for (const step of steps) {
      this.asked.push(step);
      while (!this.of('step-done').some(({ item }) => item === step)) {
        if (this.#over || this.of('rollback-begun').length > 0) return;
        await this.clock.wait(10);
      }
      this.outcomes.push({ item: step, outcome: 'pass', message: '' });
    }
    if (andFinish) this.finish.abort();
  }

  async run(settings: CutoverSettings = SETTINGS): Promise<CutoverEnd> {
    const journal = this.open();
    try {
      return await runCutover({
        settings,
        parts: this.parts(),
        clock: this.clock,
        journal: {
          ...journal,
          events: journal.events,
          tell: (event) => {
            this.onTell(event);
            journal.tell(event);
          },
        },
        facts: FACTS,
        back: this.back.signal,
        finish: this.finish.signal,
      });
    } finally {
      this.#over = true;
      journal.close();
    }
  }

  /** Rehearses the rollback once, while nothing has moved; `events` are those of its own log. */
  async rehearse(settings: CutoverSettings = SETTINGS): Promise<{ end: CutoverEnd; events: readonly CutoverEvent[] }> {
    const journal = this.open('rollback-rehearsal');
    try {
      const run = { settings, parts: this.parts(), clock: this.clock, journal, facts: FACTS, back: this.back.signal };
      return { end: await rehearseRollback(run), events: journal.events };
    } finally {
      journal.close();
    }
  }

  callBack(reason: RollbackReason): void {
    this.back.abort(reason);
  }
  remove(): void {
    rmSync(this.runDir, { recursive: true, force: true });
  }

  parts(): CutoverParts {
    const state = () => ({
      weights: { stable: 100 - this.weight, canary: this.weight },
      splits: [{ stable: 100 - this.weight, canary: this.weight }],
      generation: this.sets.length + 1,
      accepted: this.accepted,
      why: this.accepted ? null : 'the gateway is gone',
      lastManager: 'somebody',
    });
    const act = <T>(name: string, what: () => T | Promise<T>): Promise<T> =>
      this.broken.has(name) ? Promise.reject(new Error(`${name}: connection refused`)) : Promise.resolve().then(what);
    return {
      route: {
        read: () => act('read', () => (this.routeError ? Promise.reject(this.routeError) : Promise.resolve(state()))),
        set: (canary) =>
          act('set', () => {
            this.weight = canary;
            this.sets.push(canary);
            return state();
          }),
      },
      changeWindow: () => Promise.resolve(this.frozen),
      credentialEnd: (before) =>
        Promise.resolve(this.credentialEnd && this.credentialEnd.at < before ? this.credentialEnd : null),
      lease: {
        acquire: () =>
          this.leaseHeldBy === null
            ? Promise.resolve({ tookOver: null })
            : Promise.reject(new Error(`Lease shop/golive-cutover is held by ${this.leaseHeldBy}`)),
        renew: () =>
          act('renew', () => (this.renewError ? Promise.reject(this.renewError) : Promise.resolve(undefined))),
        release: () => Promise.resolve(),
      },
      revisions: {
        record: () => Promise.resolve([STABLE]),
        restore: () =>
          act('restore', () => {
            this.restores += 1;
            return 'unchanged' as const;
          }),
        convergence: () => Promise.resolve({ done: true, why: '' }),
      },
      settings: {
        record: () => Promise.resolve(this.kept),
        restore: ({ name }) =>
          act('restore', () => {
            this.put.push(name);
            if (this.lost.has(name))
              throw new ObservationError('precondition', `ConfigMap shop/${name} was written since`, {
                fix: 'Put it back by hand',
              });
            return 'restored' as const;
          }),
      },
      probe: (now) => this.#users(now),
      watch: () => ({ seen: () => ({ down: this.down, known: true }), stop: () => undefined }),
      prometheus: (now) => this.#prometheus(now),
      tree: (now) => readingsOf(() => this.branches, now),
      outcomes: () => this.outcomes as OutcomeRecord[],
      verify: (item) => {
        // One that is looked at first is asked while traffic is on its way back.
        this.lookedAt.push({ item, weight: this.weight, sets: this.sets.length });
        return Promise.resolve({ outcome: this.verifies, message: '' });
      },
      wheel: () => this.wheel,
      asked: () => this.asked,
    };
  }

  #prometheus(now: () => number): PrometheusWatch {
    let last: Reading | null = null;
    const ask = (): void => {
      const value = this.metric();
      last = { at: now(), value, why: value === null ? 'connection refused' : null };
    };
    ask();
    return { seen: () => last, stop: this.#every(50, ask) };
  }

  #users(now: () => number): { records(): readonly ProbeRecord[]; stop(): void } {
    const records: ProbeRecord[] = [];
    let begun = 0;
    const from = now();
    const stop = this.#every(5, () => {
      const due = Math.floor((now() - from) * USERS_PER_MS);
      for (; begun < due && !this.silent; begun += 1) {
        const isNew = (begun * 7919) % 10_000 < (this.really ?? this.weight) * 100;
        const isLost = isNew && (begun * 37) % 100 < this.losing * 100;
        const outcome = isLost || (isNew && (begun * 31) % 100 < this.failing * 100) ? 'failed' : 'ok';
        const version = isLost ? null : isNew ? NEW : '1.0.0';
        records.push({ at: now(), ms: isNew ? this.ms : 3, outcome, version });
      }
      if (this.silent) begun = due;
      const kept = records.findIndex(({ at }) => at >= now() - KEPT_MS);
      if (kept > 1000) records.splice(0, kept);
    });
    return { records: () => records, stop };
  }

  /** Until it is stopped by what is answered. */
  #every(ms: number, act: () => void): () => void {
    const over = new AbortController();
    const round = async (): Promise<void> => {
      for (;;) {
        await this.clock.wait(ms, over.signal);
        act();
      }
    };
    round().catch(() => undefined);
    return () => over.abort();
  }
}
