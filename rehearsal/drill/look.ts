/**
 * Looks at items of the plan by the engine of the gate, without Playwright: each look is a run folder of its own, so that nothing is
 * read from an earlier one. Items of a load run bring that run with them.
 */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RehearsalValues } from '../../checks/contract/environment.ts';
import type { OutcomeRecord } from '../../checks/contract/outcome.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';
import { PHASES } from '../../checks/contract/plan.ts';
import type { RunHeader } from '../../checks/contract/run.ts';
import { kinds } from '../../checks/index.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { resolveRehearsal } from '../../fixtures/capabilities/host.ts';
import { noteIdentity } from '../../fixtures/environment-identity.ts';
import { runItem } from '../../fixtures/run-item.ts';
import { watchForCutover } from '../../cutover/control.ts';
import { goliveVersion } from '../../reports/record/io.ts';
import { appendOutcome } from '../../reports/record/run-folder/open.ts';

/** Read-only items looked at side by side. */
const AT_ONCE = 6;

export interface LookOptions {
  readonly plan: Plan;
  readonly values: RehearsalValues;
  /** Folder for the look's run folder; emptied when the look is over. */
  readonly folder: string;
  readonly items: readonly PlannedItem[];
  /** Outcomes that count as this run's for items that are not looked at. */
  readonly standing?: readonly OutcomeRecord[];
  /** Whether items wait for things to settle as the checklist says; a drill's looks after a fault do not. */
  readonly settle: boolean;
  readonly signal: AbortSignal;
  readonly told?: (record: OutcomeRecord) => void;
}
export type Looked = ReadonlyMap<string, OutcomeRecord>;

const OF_USERS_ON_THE_RELEASE = 'observability/request-cost';

let looks = 0;

/** Runs the items and answers their records. Items that change or load something run one after the other, in the plan's order. */
export async function look(options: LookOptions): Promise<Looked> {
  looks += 1;
  const runDir = join(options.folder, `look-${looks}`);
  for (const folder of ['evidence', 'snapshots']) mkdirSync(join(runDir, folder), { recursive: true, mode: 0o700 });
  writeFileSync(join(runDir, 'plan.json'), JSON.stringify(options.plan), { mode: 0o600 });
  writeFileSync(join(runDir, 'run.json'), JSON.stringify(headerOf(options.plan)), { mode: 0o600 });
  try {
    return await lookInto(runDir, options);
  } finally {
    rmSync(runDir, { recursive: true, force: true });
  }
}

/** Items that judge other items read the run as the decision does. */
function headerOf({ digest }: Plan): RunHeader {
  return {
    schema: 'golive/run/v1',
    runId: `look-${looks}`,
    startedAt: new Date().toISOString(),
    planDigest: digest,
    goliveVersion: goliveVersion(),
    selectedPhases: null,
    pid: process.pid,
  };
}

async function lookInto(runDir: string, options: LookOptions): Promise<Looked> {
  const { plan, values, signal } = options;
  const items = withSources(plan, options.items, passedOf(options.standing ?? []));
  const looked = new Map<string, OutcomeRecord>();
  const names = new Set(items.map(({ id }) => id));
  for (const record of options.standing ?? []) if (!names.has(record.item)) appendOutcome(runDir, 0, record);
  const environment = resolveRehearsal(plan.environment, values);
  const cutover = watchForCutover({ runDir, root: process.cwd(), plan, say: () => undefined });
  const now = new Date();
  const hosts = new Map(PHASES.map((phase) => [phase, openHost({ environment, runDir, phase })] as const));
  const run = async (item: PlannedItem): Promise<void> => {
    const host = hosts.get(item.phase);
    const kind = kinds.get(item.kind);
    if (!host || !kind) throw new Error(`${item.id}: no such phase or kind`);
    const record = await runItem({
      plan,
      item: options.settle ? item : withoutWaiting(item),
      kind,
      openHost: () => Promise.resolve({ host, values }),
      now,
      signal,
      attempt: 1,
      armed: undefined,
      progress: () => undefined,
      defect: () => undefined,
    });
    appendOutcome(runDir, 0, record);
    looked.set(item.id, record);
    options.told?.(record);
  };
  try {
    // What was approved, and what people signed, is of one cluster.
    const [host] = hosts.values();
    if (host) await noteIdentity(runDir, plan.environment.name, host, signal);
    // Phase by phase: what phase 5 asks of a window, phase 3 has sent.
    for (const phase of PHASES) {
      const own = items.filter((item) => item.phase === phase && !isDerived(item));
      await inParallel(own.filter(isSideBySide), run);
      for (const item of own.filter((one) => !isSideBySide(one))) await run(item);
    }
    for (const item of items.filter(isDerived)) await run(item);
  } finally {
    // The next look finds the traffic as it was.
    await cutover?.end('back');
    await Promise.all([...hosts.values()].map((host) => host.close()));
  }
  return looked;
}

/** Items that judge what became of other items: they move whenever another one does. */
export function isDerived({ kind }: Pick<PlannedItem, 'kind'>): boolean {
  return kind.startsWith('decision/');
}

function isSideBySide(item: PlannedItem): boolean {
  return item.effect === 'read-only' && sourceOf(item) === undefined && !readsCutover(item);
}

/** The item whose load run an item judges. */
export function sourceOf(item: PlannedItem): string | undefined {
  const run = item.params['run'];
  return typeof run === 'string' ? run : undefined;
}

/** Items that read the log of a cutover, or what users did on the release meanwhile: they need what stands before them in its phase. */
export function readsCutover({ needs, kind }: Pick<PlannedItem, 'needs' | 'kind'>): boolean {
  return needs.includes('cutover') || kind === OF_USERS_ON_THE_RELEASE;
}

/** The items with the runs they judge and the part of the cutover that comes before them, in the plan's order. */
function withSources(plan: Plan, items: readonly PlannedItem[], passed: ReadonlySet<string>): readonly PlannedItem[] {
  const names = new Set(items.flatMap((item) => [item.id, ...[sourceOf(item)].filter((id) => id !== undefined)]));
  const wanted = plan.items.filter((item) => names.has(item.id));
  const last = plan.items.findLastIndex((item) => names.has(item.id) && readsCutover(item));
  const read = new Set(wanted.flatMap(({ kind }) => READS[kind] ?? []));
  const isBefore = ({ id, kind }: PlannedItem, index: number): boolean =>
    index < last && kind.startsWith('cutover/') && (read.has(kind) || !passed.has(id));
  return plan.items.filter((item, index) => names.has(item.id) || isBefore(item, index));
}

/** Whose events an item reads: they must be of this look. That the others have passed may be known from an earlier one. */
const READS: Readonly<Record<string, readonly string[]>> = {
  'cutover/step': ['cutover/step'],
  'cutover/split': ['cutover/step'],
  'cutover/watched': ['cutover/step'],
  'cutover/trigger': ['cutover/rollback-rehearsal'],
};

function passedOf(records: readonly OutcomeRecord[]): ReadonlySet<string> {
  return new Set(records.filter(({ outcome }) => outcome === 'pass').map(({ item }) => item));
}

function withoutWaiting(item: PlannedItem): PlannedItem {
  const names = Object.entries(item).filter(([name]) => name !== 'waitFor');
  return Object.fromEntries(names) as unknown as PlannedItem;
}

async function inParallel(items: readonly PlannedItem[], run: (item: PlannedItem) => Promise<void>): Promise<void> {
  const queue = [...items];
  const worker = async (): Promise<void> => {
    for (let item = queue.shift(); item; item = queue.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}
