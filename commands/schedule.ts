/** `golive schedule`: what is verified when after go-live, and the run of one schedule, as its CronJob starts it. */
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { join } from 'node:path';
import { kinds } from '../checks/index.ts';
import { EXIT, type DecidedItem } from '../checks/contract/decision.ts';
import { colours, pad } from '../reports/tell/console/text.ts';
import { findChecklist } from '../specs/loader/find-checklist.ts';
import { loadChecklist } from '../specs/loader/load-checklist.ts';
import { renderProblems } from '../specs/loader/problems.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { startsBetween } from '../k8s/semantics/cron.ts';
import type { Schedule } from '../specs/loader/schedules/read.ts';
import { selectedEnv, type Selection } from './compile.ts';
import { recordedDecision } from './recorded-decision.ts';
import { projectRoot } from './root.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from './write.ts';

const DAY_MS = 86_400_000;
const LISTED = 3;
/** Far enough for one that starts once a year. */
const HORIZON_DAYS = 400;

export interface ScheduleOptions extends Selection {
  readonly once?: string;
  readonly json?: boolean;
  /** For tests. */
  readonly now?: Date;
}

/** Lists: 0. `once`: the exit code of the run. 64 for wrong use or an invalid checklist. */
export async function schedule(options: ScheduleOptions): Promise<number> {
  const root = projectRoot();
  const env = selectedEnv(options);
  const found = findChecklist(root, env['GOLIVE_CHECKLIST']);
  const loaded = 'problem' in found ? { problems: [found.problem] } : loadChecklist(root, found.file, kinds);
  if (!('checklist' in loaded) || loaded.problems.length > 0) {
    writePainted(renderProblems(loaded.problems, { colour: hasColour(process.stderr) }), process.stderr);
    return EXIT.usage;
  }
  const { schedules, file } = loaded.checklist;
  if (schedules.length === 0) {
    writeError(
      `${file} has no schedules.\nFix: add schedules: [{name: hourly, cron: '7 * * * *', phase: post-deployment, deadline: 30m}]`,
    );
    return EXIT.usage;
  }
  if (options.once === undefined) {
    list(schedules, options);
    return EXIT.GO;
  }
  const chosen = schedules.find(({ name }) => name === options.once);
  if (chosen) return await verified(root, chosen, env);
  const names = schedules.map(({ name }) => name);
  const meant = didYouMean(options.once, names);
  writeError(
    `There is no schedule ${options.once} in ${file}: it has ${names.join(', ')}.${meant === undefined ? '' : `\nFix: golive schedule --once ${meant}`}`,
  );
  return EXIT.usage;
}

function list(schedules: readonly Schedule[], { json, now = new Date() }: ScheduleOptions): void {
  const rows = schedules.map((one) => ({ ...one, next: nextStarts(one, now) }));
  if (json) {
    writeJson({
      schedules: rows.map(({ deadlineMs, next, ...one }) => ({
        ...one,
        deadlineSeconds: deadlineMs / 1000,
        next: next.map((at) => at.toISOString()),
        command: `golive schedule --once ${one.name}`,
      })),
    });
    return;
  }
  const paint = colours(hasColour());
  const width = Math.max(...rows.map(({ name }) => name.length));
  const lines = rows.flatMap(({ name, cron, timeZone, phase, items, next }) => [
    `  ${pad(name, width)}  ${cron} (${timeZone})  ${phase}${items.length === 0 ? '' : `: ${items.map((item) => `${item}…`).join(', ')}`}`,
    paint.dim(
      `  ${pad('', width)}  next: ${next.map((at) => at.toISOString().slice(0, 16).replace('T', ' ')).join(', ')} UTC`,
    ),
  ]);
  writePainted([...lines, '', 'Their CronJobs are k8s/gate; one by hand: golive schedule --once NAME'].join('\n'));
}

function nextStarts({ cron, timeZone }: Schedule, now: Date): readonly Date[] {
  for (let days = 2; ; days = Math.min(days * 14, HORIZON_DAYS)) {
    const starts = startsBetween(cron, timeZone, now, new Date(now.getTime() + days * DAY_MS));
    if (starts.length >= LISTED || days === HORIZON_DAYS) return starts.slice(0, LISTED);
  }
}

/**
 * The exit code says what this look found. Items of the phase that it left out may be too old, or not due yet, and hold the phase: that is known,
 * and no reason to tell anybody every hour.
 */
async function verified(root: string, one: Schedule, env: NodeJS.ProcessEnv): Promise<number> {
  const before = runOf(root);
  const code = await runOnce(root, one, env);
  const last = recordedDecision(root, undefined);
  if (code !== EXIT.HOLD || one.items.length === 0 || 'problem' in last || last.decision.runId === before) return code;
  const looked = last.decision.items.filter(
    ({ from, id }) => from === 'run' && one.items.some((item) => id.startsWith(item)),
  );
  const isIncomplete = last.decision.reasons.some(({ code: reason }) => OF_THE_RUN.includes(reason));
  if (looked.length === 0 || isIncomplete || !looked.every(isGood)) return code;
  writeOut(`Schedule ${one.name}: all ${looked.length} items that it looked at are good or not due.`);
  return EXIT.GO;
}

/** What is wrong with a run as a whole, whatever its items say. */
const OF_THE_RUN: readonly string[] = [
  'run-incomplete',
  'run-damaged',
  'refused',
  'environment-unknown',
  'override-ended',
  'precondition',
  'rollback-unfinished',
  'rolled-back',
];

const runOf = (root: string): string | undefined => {
  const last = recordedDecision(root, undefined);
  return 'problem' in last ? undefined : last.decision.runId;
};
const isGood = ({ outcome, reason, waived }: DecidedItem): boolean =>
  outcome === 'pass' ||
  outcome === 'not-applicable' ||
  waived !== null ||
  (outcome === 'pending' && reason === 'not-due');

/** The gate in a process of its own, as `npx playwright test` runs it; ended by its deadline, and by Ctrl-C. */
function runOnce(root: string, { name, phase, items, deadlineMs }: Schedule, env: NodeJS.ProcessEnv): Promise<number> {
  const playwright = createRequire(join(root, 'package.json')).resolve('@playwright/test/cli');
  const grep = items.length === 0 ? [] : ['--grep', `\\b(?:${items.join('|')})`];
  writeOut(
    `Schedule ${name}: npx playwright test --project=${phase}${grep.length === 0 ? '' : ` ${grep[0] ?? ''} '${grep[1] ?? ''}'`}`,
  );
  const child = spawn(process.execPath, [playwright, 'test', `--project=${phase}`, ...grep], {
    cwd: root,
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const stop = (): void => void child.kill('SIGINT');
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  let isLate = false;
  const deadline = setTimeout(() => {
    isLate = true;
    writeError(`Schedule ${name} has not ended within ${deadlineMs / 1000} s: it is ended.`);
    stop();
  }, deadlineMs);
  return new Promise((resolve) => {
    child.once('error', (error) => {
      writeError(`Playwright cannot be started: ${error.message}`);
      resolve(EXIT.broken);
    });
    child.once('exit', (code, signal) => {
      clearTimeout(deadline);
      for (const one of ['SIGINT', 'SIGTERM'] as const) process.off(one, stop);
      resolve(isLate ? EXIT.broken : (code ?? 128 + (signal === null ? 0 : constants.signals[signal])));
    });
  });
}
