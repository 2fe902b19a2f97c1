/**
 * The way back: weight to 0, the recorded revisions, wait until both are so, look again. Every act is idempotent, so that the whole can be
 * begun again at any point; a journal that cannot be written stops nobody from going back.
 */
import { setTimeout } from 'node:timers/promises';
import type { ProbeRecord, RecordedRevision, RollbackReason } from '../../checks/contract/cutover.ts';
import type { CutoverJournal, NewEvent } from '../../fixtures/cutover/log.ts';
import type { CutoverParts } from './parts.ts';
import type { CutoverSettings } from './settings.ts';

const RETRY_MS = 250;
/** Answers that must all come from the release that served before. */
const ANSWERS = 50;

export interface RollbackRun {
  readonly settings: Pick<CutoverSettings, 'rollbackWithinMs' | 'verify' | 'route'>;
  readonly parts: Pick<CutoverParts, 'route' | 'revisions' | 'verify' | 'probe'>;
  readonly journal: Pick<CutoverJournal, 'tell' | 'now'>;
  readonly stable: readonly RecordedRevision[];
  readonly reason: RollbackReason;
  /** A prober that runs already. */
  readonly probes?: { records(): readonly ProbeRecord[] };
}

/** Answers whether traffic is at 0 and everything was verified. Ends by itself after `rollbackWithinMs`. Never throws. */
export async function rollBack(run: RollbackRun): Promise<'rolled-back' | 'unverified' | 'unfinished'> {
  const { journal, settings, parts, reason } = run;
  const signal = AbortSignal.timeout(settings.rollbackWithinMs);
  const tell = (event: NewEvent): void => {
    try {
      journal.tell(event);
    } catch {
      // A full disk: going back matters more than telling of it. The exit code tells the runner.
    }
  };
  const begun = journal.now();
  const sinceBreach = (): number | null =>
    reason.breachedAt === undefined ? null : Math.max(0, Date.now() - Date.parse(reason.breachedAt));
  tell({ event: 'rollback-begun', reason });
  try {
    tell({ event: 'rollback-act', act: 'weight to 0 %' });
    await insist(signal, async () => {
      await parts.route.set(0, signal);
      return (await parts.route.read(signal)).weights.canary === 0;
    });
    tell({ event: 'zero', msSinceBegun: Math.round(journal.now() - begun), msSinceBreach: sinceBreach() });
    for (const recorded of run.stable) {
      const name = `Deployment ${recorded.namespace}/${recorded.deployment}`;
      tell({ event: 'rollback-act', act: `${name} to revision ${recorded.revision}` });
      await insist(signal, async () => {
        await parts.revisions.restore(recorded, signal);
        return (await parts.revisions.convergence(recorded, signal)).done;
      });
    }
    tell({ event: 'rollback-act', act: 'look again' });
    const verified = await verifyAll(run, tell, signal);
    tell({ event: 'rolled-back', verified, msToRecovery: Math.round(journal.now() - begun) });
    return verified ? 'rolled-back' : 'unverified';
  } catch (error) {
    tell({ event: 'unfinished', why: error instanceof Error ? error.message : String(error) });
    return 'unfinished';
  }
}

/** Until it is so; what fails is tried again, as an API server that is away comes back. Throws the last failure when time is up. */
async function insist(signal: AbortSignal, act: () => Promise<boolean>): Promise<void> {
  for (let last = 'it is not so yet'; ;) {
    try {
      if (await act()) return;
    } catch (error) {
      last = error instanceof Error ? error.message : String(error);
    }
    if (signal.aborted) throw new Error(`out of time: ${last}`);
    await setTimeout(RETRY_MS);
  }
}

async function verifyAll(run: RollbackRun, tell: (event: NewEvent) => void, signal: AbortSignal): Promise<boolean> {
  const served = await servedAsBefore(run, signal);
  tell({ event: 'verified', item: 'users', outcome: served === null ? 'pass' : 'fail', message: served });
  let all = served === null;
  for (const item of run.settings.verify) {
    const { outcome, message } = await run.parts.verify(item, signal).catch((error: unknown) => ({
      outcome: 'error',
      message: error instanceof Error ? error.message : String(error),
    }));
    tell({ event: 'verified', item, outcome, message: message === '' ? null : message });
    all &&= outcome === 'pass';
  }
  return all;
}

/** Whether users are answered, and by the release that served before; why not otherwise. */
async function servedAsBefore(
  { parts, journal, probes, settings }: RollbackRun,
  signal: AbortSignal,
): Promise<string | null> {
  const own = probes === undefined ? parts.probe(() => journal.now()) : undefined;
  const records = (): readonly ProbeRecord[] => (probes ?? own)?.records() ?? [];
  try {
    for (;;) {
      const from = journal.now();
      const after = (): readonly ProbeRecord[] =>
        records().filter(({ at, outcome }) => at >= from && outcome !== 'under-way');
      while (!signal.aborted && after().length < ANSWERS) await setTimeout(20);
      const answers = after();
      const failed = answers.filter(({ outcome }) => outcome === 'failed').length;
      const strangers = answers.filter(({ version }) => version === settings.route.canaryVersion).length;
      if (failed === 0 && strangers === 0 && answers.length >= ANSWERS) return null;
      if (signal.aborted)
        return `${failed} of ${answers.length} requests failed, ${strangers} were answered by ${settings.route.canaryVersion}`;
    }
  } finally {
    own?.stop();
  }
}
