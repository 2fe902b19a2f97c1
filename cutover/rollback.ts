/**
 * The rollback: weight to 0, the recorded revisions, wait until both are so, look again. Every act is idempotent, so that the whole can be
 * begun again at any point; a journal that cannot be written stops nobody from going back.
 */
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { ProbeRecord, RecordedRevision, RecordedSetting, RollbackReason } from '../checks/contract/cutover.ts';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import type { Clock } from './clock.ts';
import type { CutoverJournal, NewEvent } from './journal.ts';
import type { CutoverParts } from './parts.ts';
import type { CutoverSettings } from './settings.ts';

const RETRY_MS = 250;
const RENEW_MS = 3000;
/** Answers that must all come from the release that served before. */
const ANSWERS = 50;

export interface RollbackRun {
  readonly settings: Pick<CutoverSettings, 'rollbackWithinMs' | 'verify' | 'lookBefore' | 'route'>;
  readonly parts: Pick<CutoverParts, 'route' | 'revisions' | 'settings' | 'verify' | 'probe' | 'lease'>;
  readonly clock: Clock;
  readonly journal: Pick<CutoverJournal, 'tell' | 'now'>;
  readonly stable: readonly RecordedRevision[];
  readonly kept: readonly RecordedSetting[];
  readonly reason: RollbackReason;
  /** A prober that runs already. */
  readonly probes?: { records(): readonly ProbeRecord[] };
  /** How long users may take to be served well again; as long as the whole rollback where nothing is said. */
  readonly usersWithinMs?: number;
}

/**
 * Answers whether traffic is at 0, every Deployment as recorded, and everything verified. Ends by itself after `rollbackWithinMs`, and tells
 * then what is missing. Never throws.
 */
export async function rollBack(run: RollbackRun): Promise<'rolled-back' | 'unverified' | 'unfinished'> {
  const over = new AbortController();
  void renewing(run, over.signal);
  try {
    return await performRollback(run);
  } finally {
    over.abort();
  }
}

/** It may take longer than the Lease lasts. One that is lost meanwhile changes nothing: the rollback is done to its end. */
async function renewing({ parts, clock }: RollbackRun, over: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await clock.wait(RENEW_MS, over);
    } catch {
      return;
    }
    parts.lease.renew(clock.limit(RENEW_MS)).catch(() => undefined);
  }
}

async function performRollback(run: RollbackRun): Promise<'rolled-back' | 'unverified' | 'unfinished'> {
  const { clock, journal, settings, parts, reason } = run;
  const signal = clock.limit(settings.rollbackWithinMs);
  const tell = (event: NewEvent): void => {
    try {
      journal.tell(event);
    } catch {
      // A full disk: going back matters more than telling of it. The exit code tells the runner.
    }
  };
  const begun = journal.now();
  const sinceBreach = (): number | null =>
    reason.breachedAt === undefined ? null : Math.max(0, clock.date().getTime() - Date.parse(reason.breachedAt));
  tell({ event: 'rollback-begun', reason });
  // Whatever it says, traffic goes back: the old release served until now, and the new one is what went wrong.
  const looks = lookingAt(run, settings.lookBefore, signal);
  tell({ event: 'rollback-act', act: 'weight to 0 %' });
  const stays = await insist(clock, signal, async () => {
    await parts.route.set(0, signal);
    const { canary, stable } = (await parts.route.read(signal)).weights;
    return canary === 0 ? null : `the route gives ${canary} of ${canary + stable}`;
  });
  const { canary } = settings.route;
  if (stays !== null) {
    tell({
      event: 'unfinished',
      why: `users may still be served by ${canary}, the weights could not be set: ${stays}`,
    });
    return 'unfinished';
  }
  tell({ event: 'zero', msSinceBegun: Math.round(journal.now() - begun), msSinceBreach: sinceBreach() });
  // Pods that the old revision starts anew shall find its settings.
  const missing = [...(await restoreSettings(run, tell, signal)), ...(await restoreAll(run, tell, signal))];
  if (missing.length > 0) {
    const why = `users are served by the release before, 0 % go to ${canary}, but it is not as it was: ${missing.join('; ')}`;
    tell({ event: 'unfinished', why });
    return 'unfinished';
  }
  tell({ event: 'rollback-act', act: 'look again' });
  const verified = await verifyAll(run, looks, tell, signal);
  tell({ event: 'rolled-back', verified, msToRecovery: Math.round(journal.now() - begun) });
  return verified ? 'rolled-back' : 'unverified';
}

/** What nobody can put back is told at once: waiting would only keep the Deployments from going back. */
const FINAL: ReadonlySet<string> = new Set(['precondition', 'not-found', 'forbidden']);

async function restoreSettings(
  { parts, clock, kept }: RollbackRun,
  tell: (event: NewEvent) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const left = await Promise.all(
    kept.map(async (recorded) => {
      tell({ event: 'rollback-act', act: `${recorded.kind} ${recorded.namespace}/${recorded.name} as it was` });
      return await insist(clock, signal, async () => {
        try {
          await parts.settings.restore(recorded, signal);
          return null;
        } catch (error) {
          if (error instanceof ObservationError && FINAL.has(error.code)) return { final: textOf(error) };
          throw error;
        }
      });
    }),
  );
  return left.filter((why) => why !== null);
}

/** All at once, so that one that cannot be restored keeps none of the others waiting; what is missing when time is up, of each. */
async function restoreAll(
  { parts, clock, stable }: RollbackRun,
  tell: (event: NewEvent) => void,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const left = await Promise.all(
    stable.map(async (recorded) => {
      const name = `Deployment ${recorded.namespace}/${recorded.deployment}`;
      tell({ event: 'rollback-act', act: `${name} to revision ${recorded.revision}` });
      const why = await insist(clock, signal, async () => {
        await parts.revisions.restore(recorded, signal);
        const { done, why } = await parts.revisions.convergence(recorded, signal);
        return done ? null : why;
      });
      return why === null || why.includes(name) ? why : `${name}: ${why}`;
    }),
  );
  return left.filter((why) => why !== null);
}

/** Until the act answers null; what fails is tried again, as an API server that is away comes back. Why not, when time is up. */
async function insist(
  clock: Clock,
  signal: AbortSignal,
  act: () => Promise<string | null | { readonly final: string }>,
): Promise<string | null> {
  for (let last = 'there was no time to try'; ;) {
    try {
      const why = await act();
      if (why === null) return null;
      if (typeof why === 'object') return why.final;
      last = why;
    } catch (error) {
      // What was cut off because time is up says less than what failed before.
      if (!signal.aborted) last = textOf(error);
    }
    if (signal.aborted) return last;
    await clock.wait(RETRY_MS);
  }
}

/** With what is to be done about it, where that is known. */
function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof ObservationError && error.fix !== undefined
    ? `${error.message}. ${error.fix}`
    : error.message;
}

interface Look {
  readonly item: string;
  readonly looked: Promise<Pick<OutcomeRecord, 'outcome' | 'message'>>;
}

/** Runs items again, all at once. */
const lookingAt = ({ parts }: RollbackRun, items: readonly string[], signal: AbortSignal): readonly Look[] =>
  items.map((item) => ({
    item,
    looked: parts
      .verify(item, signal)
      .catch((error: unknown) => ({ outcome: 'error' as const, message: textOf(error) })),
  }));

async function verifyAll(
  run: RollbackRun,
  looks: readonly Look[],
  tell: (event: NewEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const served = await servedAsBefore(run, signal);
  tell({ event: 'verified', item: 'users', outcome: served === null ? 'pass' : 'fail', message: served });
  let all = served === null;
  for (const { item, looked } of [...looks, ...lookingAt(run, run.settings.verify, signal)]) {
    const { outcome, message } = await looked;
    tell({ event: 'verified', item, outcome, message: message === '' ? null : message });
    all &&= outcome === 'pass';
  }
  return all;
}

/** Whether users are answered, and by the release that served before; why not otherwise. */
async function servedAsBefore(
  { parts, clock, journal, probes, settings, usersWithinMs = Infinity }: RollbackRun,
  signal: AbortSignal,
): Promise<string | null> {
  const until = journal.now() + usersWithinMs;
  const isLate = (): boolean => signal.aborted || journal.now() > until;
  const own = probes === undefined ? parts.probe(() => journal.now()) : undefined;
  const records = (): readonly ProbeRecord[] => (probes ?? own)?.records() ?? [];
  try {
    for (;;) {
      const from = journal.now();
      const after = (): readonly ProbeRecord[] =>
        records().filter(({ at, outcome }) => at >= from && outcome !== 'under-way');
      while (!isLate() && after().length < ANSWERS) await clock.wait(20);
      const answers = after();
      const failed = answers.filter(({ outcome }) => outcome === 'failed').length;
      const strangers = answers.filter(({ version }) => version === settings.route.canaryVersion).length;
      if (failed === 0 && strangers === 0 && answers.length >= ANSWERS) return null;
      if (isLate())
        return `${failed} of ${answers.length} requests failed, ${strangers} were answered by ${settings.route.canaryVersion}`;
    }
  } finally {
    own?.stop();
  }
}
