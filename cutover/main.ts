/**
 * The process of a cutover, detached from whoever started it: `--run FOLDER --root FOLDER`, and `--back --known EVENTS` to finish one that
 * died, of whose log that many events were known to whoever asked. It hears on its standard input, a JSON value a line; when that ends, or is
 * silent for too long, nobody watches any more and it goes back.
 */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { hideCredentials } from '../checks/contract/credentials.ts';
import { errorText } from '../checks/contract/text.ts';
import { visibleText } from '../checks/contract/visible-text.ts';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { RollbackReason } from '../checks/contract/cutover.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { realClock as clock } from './clock.ts';
import type { CutoverLog } from '../reports/record/run-folder/cutover-log.ts';
import { openJournal, type CutoverJournal } from './journal.ts';
import { waitForRehearsal } from '../fixtures/rehearsal-client/start.ts';
import { isGone, standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import { loadPlan } from '../specs/loader/plan-file.ts';
import type { CutoverEnd } from './begin.ts';
import { runCutover } from './engine.ts';
import { deadHolder, endTurn, finishDead, journalToGoBackBy, planToGoBackBy, takeTurn } from './finish-dead.ts';
import { openParts } from './open.ts';
import type { CutoverParts } from './parts.ts';
import { CUTOVER_EXIT, SILENT_MS, type Heard } from './protocol.ts';
import { rehearseRollback } from './rehearse.ts';
import { cutoverSettings, rollbackWithinOf, type CutoverSettings } from './settings.ts';

const REHEARSAL_MS = 60_000;

const { values: args } = parseArgs({
  options: {
    run: { type: 'string' },
    root: { type: 'string' },
    back: { type: 'boolean', default: false },
    known: { type: 'string' },
    rehearse: { type: 'boolean', default: false },
  },
});
process.exitCode = CUTOVER_EXIT.unfinished;
// A terminal that was closed, or a disk that is full, must not end it.
process.stderr.on('error', () => undefined);
process.exit(
  CUTOVER_EXIT[
    await (args.back ? rollBackRun(args.run ?? '', Number(args.known)) : cutOver(args.run ?? '')).catch(unable)
  ],
);

/** What kept it from beginning; people read it in `cutover.log`, or on the terminal of `golive rollback`. */
function unable(error: unknown): CutoverEnd {
  const fix = error instanceof ObservationError && error.fix !== undefined ? `\nFix: ${error.fix}` : '';
  process.stderr.write(`${visibleText(hideCredentials(`${errorText(error)}${fix}`))}\n`);
  return 'unfinished';
}

async function cutOver(runDir: string): Promise<CutoverEnd> {
  return await withParts(loadPlan(runDir), { runDir, id: newHolder(), open: openJournal }, (opened) => {
    const { settings, parts, journal, plan, id } = opened;
    const facts = {
      id,
      release: `${plan.release.name} ${plan.release.version}`,
      environment: plan.environment.name,
      planDigest: plan.digest,
    };
    const run = { settings, parts, clock, journal, facts, ...listen() };
    return args.rehearse ? rehearseRollback(run) : runCutover(run);
  });
}

/** Nothing ends it but its own time: half a rollback is no state to leave behind. */
async function rollBackRun(runDir: string, known: number): Promise<CutoverEnd> {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => undefined);
  const done = await takeTurn(runDir, known, clock);
  if (done !== null) return done;
  try {
    const id = deadHolder(runDir) ?? newHolder();
    const how = { runDir, id, open: journalToGoBackBy };
    return await withParts(planToGoBackBy(runDir), how, (opened) => finishDead({ runDir, clock, ...opened }));
  } finally {
    endTurn(runDir);
  }
}

function newHolder(): string {
  return `${hostname()}-${process.pid}-${randomUUID().slice(0, 8)}`;
}

interface How {
  readonly runDir: string;
  /** Who holds the Lease. */
  readonly id: string;
  readonly open: (runDir: string, log: CutoverLog) => CutoverJournal;
}
interface Opened {
  readonly plan: Plan;
  readonly settings: CutoverSettings;
  readonly parts: CutoverParts;
  readonly journal: CutoverJournal;
  readonly id: string;
}

async function withParts(
  plan: Plan,
  { runDir, id, open }: How,
  act: (opened: Opened) => Promise<CutoverEnd>,
): Promise<CutoverEnd> {
  const dir = join(args.root ?? '', '.golive', 'rehearsal');
  const { rehearsal } = plan.environment;
  const waitMs = args.back ? Math.max(REHEARSAL_MS, rollbackWithinOf(plan)) : REHEARSAL_MS;
  const values = rehearsal
    ? await waitForRehearsal({ dir, signal: AbortSignal.timeout(waitMs), timeoutMs: waitMs, patient: true })
    : null;
  const settings = cutoverSettings(plan, values);
  const journal = open(runDir, args.rehearse ? 'rollback-rehearsal' : 'cutover');
  const opened = openParts({ plan, values, settings, runDir, id });
  // Every secret that was seen stays out of the log.
  const told: CutoverJournal = {
    ...journal,
    events: journal.events,
    tell: (event) => journal.tell(JSON.parse(opened.redact(JSON.stringify(event))) as typeof event),
  };
  // A rehearsal that is gone has taken everything with it; there is nothing to go back to and nobody to serve. One that stands still may
  // come back: the rollback is tried for as long as it may take.
  const gone =
    rehearsal &&
    setInterval(() => {
      if (isGone(standingOf(dir))) leave(told);
    }, 500).unref();
  try {
    return await act({ plan, settings, parts: opened.parts, journal: told, id });
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
