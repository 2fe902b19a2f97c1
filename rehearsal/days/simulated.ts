/**
 * Two weeks that do not pass in a rehearsal: an approval and a run for each hour since, in a ledger of their own, signed by the cluster's key.
 * Only `history` reads them, and only where the rehearsal was not really approved. Beside them one run of another environment, a stand-in,
 * that rehearsed the rollback of the release.
 *
 *   days.change {metric, from, factor}        from that hour on the metric is so many times as high
 *   days.grow {metric, perDay}                it grows by that share of its level each day
 *   days.gap {from, to}                       no run between these hours
 *   days.finding {item, id, subject}          what the item finds every day
 *   days.log {stream, level, message, from}   one more line that a service writes every hour
 *   days.rollback {days}                      the rollback was rehearsed so many days ago
 *   days.forge {hour}                         one of the runs is signed by another key
 */
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { digestOf, sha256 } from '../../checks/contract/canonical.ts';
import {
  chain,
  LEDGER_SCHEMA,
  ledgerFileName,
  statementOf,
  type LedgerHead,
  type LedgerOutcome,
  type LedgerRecord,
} from '../../checks/contract/ledger.ts';
import { clusterUidOf, REHEARSAL_LEDGER_KEY, SIMULATED_LEDGER } from '../../checks/contract/rehearsal-key.ts';
import { ed25519Blob, signEd25519 } from '../../checks/protocols/ssh/signature.ts';
import type { PastOutcome } from '../../checks/contract/history.ts';
import { measuredByHour } from '../../checks/contract/first-day.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { imageDigest } from '../registry/image-manifests.ts';
import { RELEASES, SERVICES } from '../topology.ts';
import { writeLogs } from './logs.ts';
import { daysScripts, type DaysScript, type SimulatedLine, type SimulatedMetric } from './script.ts';

const HOUR_MS = 3_600_000;
const DAY_HOURS = 24;
/** Two weeks and a little: all windows are over. */
const HOURS = 14 * DAY_HOURS + 1;
/** A run stands ten minutes after its hour. */
const AFTER_MS = 600_000;
const ENVIRONMENT = 'rehearsal';

/** What a fault changes of the days. */
interface Changes {
  readonly change?: { readonly metric: string; readonly from: number; readonly factor: number };
  readonly grow?: { readonly metric: string; readonly perDay: number };
  readonly gap?: { readonly from: number; readonly to: number };
  readonly finding?: { readonly item: string; readonly id: string; readonly subject: string };
  readonly log?: SimulatedLine & { readonly stream: string };
  readonly rollback?: { readonly days: number };
  readonly forge?: { readonly hour: number };
}

/** Writes the days and adds the levers that write other ones. `dir` is the rehearsal's folder, where the cluster's key lies. */
export function addSimulatedDays(dir: string, levers: Levers): void {
  const scripts = daysScripts(resolve(dir, '..', '..'));
  const folder = join(dir, basename(SIMULATED_LEDGER));
  const key = createPrivateKey(readFileSync(join(dir, basename(REHEARSAL_LEDGER_KEY))));
  // The days of one rehearsal end when it starts, whatever is changed in them later.
  const end = Date.now();
  const write = (changes: Changes = {}): void => {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    for (const script of scripts) {
      writeDays(folder, { script, key, end, changes });
      writeRollback(folder, { script, key, end, changes });
      writeLogs(join(dir, 'logs'), script.logs, end - HOURS * HOUR_MS, changes.log);
    }
  };
  write();
  const lever = (name: keyof Changes): void =>
    levers.add(`days.${name}`, (args: LeverArguments): Promise<Release> => {
      write({ [name]: args });
      return Promise.resolve(() => Promise.resolve(write()));
    });
  for (const name of ['change', 'grow', 'gap', 'finding', 'forge', 'log', 'rollback'] as const) lever(name);
}

interface Days {
  readonly script: DaysScript;
  readonly key: KeyObject;
  /** Milliseconds since the epoch. */
  readonly end: number;
  readonly changes: Changes;
}

function writeDays(folder: string, days: Days): void {
  const { changes, end, script } = days;
  const approvedAt = end - HOURS * HOUR_MS;
  let head: LedgerHead | undefined;
  const add: Add = (at, outcomes, decision, key = days.key, more = []) => {
    head = writeRun(folder, { ...days, key, at, outcomes, decision, head, more });
  };
  add(approvedAt, [measuredAt(days, -1, script.promisedBy), ...dailyAt(days, approvedAt, false)], 'GO');
  const approvedRun = runIdAt(approvedAt);
  const seen: Measured[] = [];
  for (let hour = 0; hour < HOURS; hour += 1) {
    const { gap } = changes;
    if (gap && hour >= gap.from && hour < gap.to) continue;
    const at = approvedAt + hour * HOUR_MS + AFTER_MS;
    const forged = changes.forge?.hour === hour ? generateKeyPairSync('ed25519').privateKey : undefined;
    const again = hour % DAY_HOURS === 0 ? dailyAt(days, at, true) : [];
    const outcomes = [measuredAt(days, hour, script.watchedBy), ...again];
    const firstDay = hour === DAY_HOURS ? [firstDayOf(seen, approvedRun, approvedAt)] : [];
    if (hour < DAY_HOURS)
      seen.push(...outcomes.map((one) => ({ ...one, at: one.startedAt, measured: one.measured ?? [] })));
    add(at, outcomes, 'HOLD', forged, firstDay);
  }
}

type Measured = Pick<PastOutcome, 'item' | 'at' | 'measured'>;
type Add = (
  at: number,
  outcomes: readonly LedgerOutcome[],
  decision: 'GO' | 'HOLD',
  key?: KeyObject,
  more?: readonly LedgerRecord[],
) => void;

const firstDayOf = (seen: readonly Measured[], of: string, approvedAt: number): LedgerRecord => ({
  record: 'first-day',
  of,
  approvedAt: new Date(approvedAt).toISOString(),
  until: new Date(approvedAt + DAY_HOURS * HOUR_MS).toISOString(),
  items: measuredByHour(
    seen.filter(({ measured }) => measured.length > 0),
    approvedAt,
  ),
});

/** The release's images are the same wherever it runs. */
function writeRollback(folder: string, days: Days): void {
  const { rollback } = days.script;
  if (rollback === undefined) return;
  const at = days.end - (days.changes.rollback?.days ?? 1) * DAY_HOURS * HOUR_MS;
  const images = Object.values(SERVICES).map(({ image }) => imageDigest(image, RELEASES.blue));
  const outcome = { ...outcomeOf(rollback.item, rollback.phase, rollback.kind, at), images };
  const { environment, phase } = rollback;
  writeRun(folder, { ...days, at, outcomes: [outcome], decision: 'HOLD', head: undefined, environment, phase });
}

/** The metrics in one hour; before the first one it is the approval, which takes the mean of a day. */
function measuredAt({ script, changes, end }: Days, hour: number, item: string): LedgerOutcome {
  const measured = script.metrics.map((metric) => {
    const value = hour < 0 ? metric.level : metric.level * shapeOf(metric, hour) * factorOf(changes, metric, hour);
    return { type: 'value', title: metric.name, value, unit: metric.unit } as const;
  });
  const at = end - (HOURS - Math.max(0, hour)) * HOUR_MS + (hour < 0 ? 0 : AFTER_MS);
  const phase = hour < 0 ? 'final' : 'post-deployment';
  return { ...outcomeOf(item, phase, 'post-deployment/key-metrics', at), measured };
}

function factorOf({ change, grow }: Changes, { name }: SimulatedMetric, hour: number): number {
  if (change?.metric === name && hour >= change.from) return change.factor;
  return grow?.metric === name ? 1 + (grow.perDay * hour) / DAY_HOURS : 1;
}

/** The same each time: a rhythm of the day, and noise that no rhythm explains. */
function shapeOf({ rhythm, noise }: SimulatedMetric, hour: number): number {
  const random = Math.sin((hour + 1) * 12.9898) * 43758.5453;
  return 1 + rhythm * Math.sin((2 * Math.PI * hour) / DAY_HOURS) + noise * 2 * (random - Math.floor(random) - 0.5);
}

function dailyAt({ script, changes: { finding } }: Days, at: number, isSince: boolean): readonly LedgerOutcome[] {
  return script.daily.map(({ item, phase, kind }) => {
    const outcome = outcomeOf(item, phase, kind, at);
    if (!isSince || finding?.item !== item) return outcome;
    const found = {
      id: finding.id,
      subject: { name: finding.subject },
      data: {},
      says: finding.id,
      fix: 'Correct it.',
    };
    return { ...outcome, outcome: 'fail', reason: 'does-not-conform', findings: [found] };
  });
}

function outcomeOf(item: string, phase: string, kind: string, at: number): LedgerOutcome {
  return {
    ...{ item, phase, kind, outcome: 'pass', message: 'simulated', findings: [], doubts: [] },
    ...{ subjects: 1, subjectNames: ['simulated'], startedAt: new Date(at).toISOString(), durationMs: 1, attempt: 1 },
    ...{ planDigest: PLAN_DIGEST, evidenceDigest: digestOf([]), evidenceCount: 0 },
  };
}
const PLAN_DIGEST = sha256('simulated');

interface RunOf extends Days {
  readonly at: number;
  readonly outcomes: readonly LedgerOutcome[];
  readonly decision: 'GO' | 'HOLD';
  readonly head: LedgerHead | undefined;
  /** Absent: this one. */
  readonly environment?: string;
  /** Absent: by the decision. */
  readonly phase?: string;
  readonly more?: readonly LedgerRecord[];
}

const runIdAt = (at: number): string => `${new Date(at).toISOString().replace(/[-:.]/g, '')}-51313131`;

/** One run's file, as `closeLedger` writes it; answers its end. */
function writeRun(folder: string, { script, key, at, outcomes, decision, head, ...run }: RunOf): LedgerHead {
  const { environment = ENVIRONMENT, more = [], phase = decision === 'GO' ? 'final' : 'post-deployment' } = run;
  const time = new Date(at).toISOString();
  const runId = runIdAt(at);
  const records: LedgerRecord[] = [
    {
      ...{ record: 'header', schema: LEDGER_SCHEMA, runId, startedAt: time, release: script.release },
      ...{ environment, rehearsal: true, checklist: script.checklist },
      ...{ planDigest: PLAN_DIGEST, checklistDigest: PLAN_DIGEST, phases: [phase], heads: head ? [head] : [] },
    },
    { record: 'environment', name: environment, uid: clusterUidOf(ed25519Blob(key)) },
    ...outcomes.map((outcome) => ({ record: 'outcome', outcome, files: [] }) as const),
    ...more,
    {
      ...{ record: 'decision', decidedAt: time, decision, decisionWithoutWaivers: decision, readiness: decision },
      ...{ selected: decision, digest: PLAN_DIGEST },
    },
  ];
  const lines = chain([...records, { record: 'closing', endedBy: 'finished', lines: records.length }], null);
  const hash = sha256(lines.at(-1) ?? '');
  const signature = signEd25519(statementOf(runId, hash), 'golive-ledger', key);
  const signed = chain([{ record: 'signature', signature }], hash);
  writeFileSync(join(folder, ledgerFileName(runId)), `${[...lines, ...signed].join('\n')}\n`);
  return { runId, hash: sha256(signed[0] ?? '') };
}
