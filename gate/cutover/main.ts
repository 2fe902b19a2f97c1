/**
 * The process of a cutover, detached from whoever started it: `--run FOLDER --root FOLDER`, and `--back` to finish one that died. It hears
 * on its standard input, a JSON value a line; when that ends, or is silent for too long, nobody watches any more and it goes back.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import type { CutoverEventOf, RollbackReason } from '../../checks/contract/cutover.ts';
import { openJournal, readCutover, type CutoverJournal } from '../../fixtures/cutover/log.ts';
import { isAlive } from '../../fixtures/rehearsal/process-identity.ts';
import { waitForRehearsal } from '../../fixtures/rehearsal/start.ts';
import { isUsable, standingOf } from '../../fixtures/rehearsal/state-file.ts';
import { loadPlan } from '../../specs/plan.ts';
import type { CutoverEnd } from './begin.ts';
import { runCutover } from './engine.ts';
import { openParts } from './open.ts';
import { CUTOVER_EXIT, SILENT_MS, type Heard } from './protocol.ts';
import { rehearseRollback } from './rehearse.ts';
import { rollBack } from './rollback.ts';
import { cutoverSettings } from './settings.ts';

const REHEARSAL_MS = 60_000;

const { values: args } = parseArgs({
  options: {
    run: { type: 'string' },
    root: { type: 'string' },
    back: { type: 'boolean', default: false },
    rehearse: { type: 'boolean', default: false },
  },
});
process.exitCode = CUTOVER_EXIT.unfinished;
process.exit(CUTOVER_EXIT[await main(args.run ?? '', args.root ?? '').catch(unable)]);

/** What kept it from beginning; people read it in `cutover.log`, or on the terminal of `golive rollback`. */
function unable(error: unknown): CutoverEnd {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  return 'unfinished';
}

async function main(runDir: string, root: string): Promise<CutoverEnd> {
  const plan = loadPlan(runDir);
  const dir = join(root, '.golive', 'rehearsal');
  const { rehearsal } = plan.environment;
  const values = rehearsal
    ? await waitForRehearsal({ dir, signal: AbortSignal.timeout(REHEARSAL_MS), timeoutMs: REHEARSAL_MS })
    : null;
  const settings = cutoverSettings(plan, values);
  const id = (args.back ? deadHolder(runDir) : null) ?? `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
  const journal = openJournal(runDir, args.rehearse ? 'rollback-rehearsal' : 'cutover');
  const opened = openParts({ plan, values, settings, runDir, id });
  // Every secret that was seen stays out of the log.
  const told: CutoverJournal = {
    ...journal,
    events: journal.events,
    tell: (event) => journal.tell(JSON.parse(opened.redact(JSON.stringify(event))) as typeof event),
  };
  // A rehearsal that is gone has taken everything with it; there is nothing to go back to and nobody to serve.
  const gone =
    rehearsal &&
    setInterval(() => {
      if (!isUsable(standingOf(dir))) leave(told);
    }, 500).unref();
  try {
    const { parts } = opened;
    if (args.back) return await finishDead(runDir, told, parts, settings);
    const facts = {
      id,
      release: `${plan.release.name} ${plan.release.version}`,
      environment: plan.environment.name,
      planDigest: plan.digest,
    };
    if (args.rehearse) return await rehearseRollback({ settings, parts, journal: told, facts });
    return await runCutover({ settings, parts, journal: told, facts, ...listen() });
  } finally {
    if (gone) clearInterval(gone);
    await opened.close();
    journal.close();
  }
}

function leave(journal: CutoverJournal): void {
  try {
    journal.tell({ event: 'unfinished', why: 'the rehearsal is gone, and its platform with it' });
  } finally {
    process.exit(CUTOVER_EXIT.unfinished);
  }
}

/** Who held the Lease, where that was a process of this machine and is dead: its Lease need not run out first. */
function deadHolder(runDir: string): string | null {
  const begun = readCutover(runDir).findLast((one): one is CutoverEventOf<'begun'> => one.event === 'begun');
  return begun?.id.startsWith(`${hostname()}-`) === true && !isAlive(begun) ? begun.id : null;
}

/** Goes back for a cutover whose process is dead, by its journal. */
async function finishDead(
  runDir: string,
  journal: CutoverJournal,
  parts: ReturnType<typeof openParts>['parts'],
  settings: ReturnType<typeof cutoverSettings>,
): Promise<CutoverEnd> {
  const begun = readCutover(runDir).findLast((one): one is CutoverEventOf<'begun'> => one.event === 'begun');
  await parts.lease.acquire(AbortSignal.timeout(settings.rollbackWithinMs));
  try {
    const reason: RollbackReason = { code: 'asked', text: 'The process of the cutover ended before the cutover did.' };
    return await rollBack({ settings, parts, journal, stable: begun?.stable ?? [], reason });
  } finally {
    await parts.lease.release(AbortSignal.timeout(5000)).catch(() => undefined);
  }
}

/** What is heard from the runner and from the system. */
function listen(): { readonly back: AbortSignal; readonly finish: AbortSignal } {
  const [back, finish] = [new AbortController(), new AbortController()];
  const call = (reason: RollbackReason): void => back.abort(reason);
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => call({ code: 'interrupted', text: `The cutover was ended by ${signal}.` }));
  let silence: NodeJS.Timeout | undefined;
  const heard = (): void => {
    clearTimeout(silence);
    silence = setTimeout(() => {
      call({ code: 'runner-gone', text: `The run was not heard for ${SILENT_MS / 1000} s.` });
    }, SILENT_MS).unref();
  };
  heard();
  const lines = createInterface({ input: process.stdin });
  lines.on('line', (line) => {
    heard();
    const word = parse(line);
    if (word?.say === 'finish') finish.abort();
    if (word?.say === 'back') call(word.reason);
  });
  lines.on('close', () => call({ code: 'runner-gone', text: 'The run that watched the cutover is gone.' }));
  return { back: back.signal, finish: finish.signal };
}

function parse(line: string): Heard | undefined {
  try {
    return JSON.parse(line) as Heard;
  } catch {
    return undefined;
  }
}
