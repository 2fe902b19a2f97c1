/**
 * How long users of a broken release wait for the one before. On a rehearsal of its own the real engine goes to 25 %, the new release then
 * fails every request of theirs, and the log says the rest. Several times over: the median and the worst.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CutoverEvent, CutoverEventOf, ProbeRecord, RollbackReason } from '../../checks/contract/cutover.ts';
import type { RehearsalValues } from '../../checks/contract/environment.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { realClock as clock } from '../../cutover/clock.ts';
import { openJournal } from '../../cutover/journal.ts';
import { connectControl, type RehearsalControl } from '../../fixtures/rehearsal-client/control-client.ts';
import { startRehearsal, waitForRehearsal } from '../../fixtures/rehearsal-client/start.ts';
import { SERVICES } from '../../rehearsal/door.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { runCutover } from '../../cutover/engine.ts';
import { openParts } from '../../cutover/open.ts';
import { cutoverSettings, type CutoverSettings } from '../../cutover/settings.ts';
import { sayOut } from '../../gate/say.ts';
import { repositoryRoot } from '../harness/repository.ts';
import { median, type Benchmark, type Figure } from './measure.ts';

const ROUNDS = 5;
const WEIGHT = 25;
/** Answers in a row, all of the release before, after which users count as served by it. */
const ANSWERS = 50;
/** What firing, the request to the API server and its reading back may take beyond one evaluation. */
const ACT_MS = 200;
/** A round that has not gone back by then is given up. */
const ROUND_MS = 90_000;
const BROKEN = {
  name: 'every request fails',
  inject: [
    { lever: 'service.misbehave', with: { app: SERVICES.typescriptApi.app, colour: 'blue', as: 'errors', ratio: 1 } },
  ],
} as const;

/** One rollback, in milliseconds. */
interface Round {
  /** From the first evaluation in breach, beyond what the trigger declares. */
  readonly fired: number;
  readonly zero: number;
  /** From the first answer that failed. */
  readonly firstFailure: number;
  readonly written: number;
  readonly allStable: number;
  readonly recovered: number;
}

export const rollback: Benchmark = async () => {
  const repository = repositoryRoot();
  const root = mkdtempSync(join(tmpdir(), 'golive-rollback-'));
  const dir = join(root, '.golive', 'rehearsal');
  for (const path of ['specs/code-platform', 'k8s', 'fixtures/environments'])
    cpSync(join(repository, path), join(root, path), { recursive: true });
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  symlinkSync(join(repository, '.golive', 'tools'), join(root, '.golive', 'tools'));
  const before = process.cwd();
  // The environment's files are relative to the project.
  process.chdir(root);
  const rehearsal = startRehearsal({ dir, kept: false });
  try {
    const values = await waitForRehearsal({ dir, signal: AbortSignal.timeout(90_000), timeoutMs: 90_000 });
    const plan = planOf(root);
    const settings = settingsOf(plan, values);
    const control = await connectControl(dir);
    const rounds: Round[] = [];
    try {
      for (let round = 0; round < ROUNDS; round += 1) {
        sayOut(`      rollback: to ${WEIGHT} % and back, ${round + 1} of ${ROUNDS} …`);
        rounds.push(await goBackOnce({ plan, values, settings, control, runDir: join(root, `round-${round}`) }));
      }
    } finally {
      control.close();
    }
    return figures(rounds, settings.intervalMs);
  } finally {
    await rehearsal.stop();
    process.chdir(before);
    rmSync(root, { recursive: true, force: true });
  }
};

function planOf(root: string): Plan {
  const compiled = compilePlan({ root, env: { GOLIVE_ENV: 'rehearsal' } });
  if ('plan' in compiled) return compiled.plan;
  throw new Error(compiled.problems.map(({ message }) => message).join('\n'));
}

/** As the plan declares it, but for the ladder: one step, which only a rollback ends. */
function settingsOf(plan: Plan, values: RehearsalValues): CutoverSettings {
  const declared = cutoverSettings(plan, values);
  const steps = declared.steps.filter(({ weight }) => weight === WEIGHT);
  if (steps.length !== 1) throw new Error(`the checklist has no step of ${WEIGHT} %`);
  return { ...declared, before: [], rollbackOn: [], steps: steps.map((step) => ({ ...step, watchMs: ROUND_MS })) };
}

interface RoundOptions {
  readonly plan: Plan;
  readonly values: RehearsalValues;
  readonly settings: CutoverSettings;
  readonly control: RehearsalControl;
  readonly runDir: string;
}

async function goBackOnce({ plan, values, settings, control, runDir }: RoundOptions): Promise<Round> {
  mkdirSync(runDir, { recursive: true, mode: 0o700 });
  const journal = openJournal(runDir);
  const opened = openParts({ plan, values, settings, runDir, id: 'bench' });
  const { parts } = opened;
  const back = new AbortController();
  const giveUp = (text: string): void => back.abort({ code: 'asked', text } satisfies RollbackReason);
  const limit = setTimeout(() => giveUp(`no trigger fired within ${ROUND_MS} ms`), ROUND_MS);
  let records: readonly ProbeRecord[] = [];
  let broken: Promise<void> | undefined;
  let brokenAt = 0;
  try {
    const end = await runCutover({
      settings,
      clock,
      parts: {
        ...parts,
        // There is no run around it.
        outcomes: () => [],
        asked: () => settings.steps.map(({ item }) => item),
        probe: (now) => {
          const prober = parts.probe(now);
          return {
            records: () => (records = prober.records()),
            stop: () => {
              records = [...prober.records()];
              prober.stop();
            },
          };
        },
      },
      journal: {
        events: journal.events,
        now: () => journal.now(),
        close: () => journal.close(),
        tell(event) {
          journal.tell(event);
          if (event.event !== 'split') return;
          brokenAt = journal.now();
          broken = control.inject(BROKEN).catch((error: unknown) => giveUp(`it could not be broken: ${String(error)}`));
        },
      },
      facts: {
        id: 'bench',
        release: `${plan.release.name} ${plan.release.version}`,
        environment: plan.environment.name,
        planDigest: plan.digest,
      },
      back: back.signal,
      finish: new AbortController().signal,
    });
    if (end !== 'rolled-back') throw new Error(`the rollback ended as ${end}: ${whyOf(journal.events)}`);
    return roundOf(
      journal.events,
      records.filter(({ at, ms }) => at + (ms ?? 0) >= brokenAt),
      settings,
    );
  } finally {
    clearTimeout(limit);
    await broken;
    await control.release();
    await opened.close();
    journal.close();
  }
}

/** What the log and the answers to users say. Throws when something else than the trigger of the error rate took traffic back. */
function roundOf(events: readonly CutoverEvent[], records: readonly ProbeRecord[], settings: CutoverSettings): Round {
  const begun = of(events, 'rollback-begun');
  const zero = of(events, 'zero');
  const over = of(events, 'rolled-back');
  const rule = settings.triggers.find(({ metric }) => metric === 'error-rate');
  const trigger = (state: string): CutoverEventOf<'trigger'> | undefined =>
    events.findLast(
      (one): one is CutoverEventOf<'trigger'> =>
        one.event === 'trigger' && one.item === rule?.item && one.state === state,
    );
  const [pending, fired] = [trigger('pending'), trigger('firing')];
  if (!rule || !pending || !fired || !zero || !over || begun?.reason.code !== 'trigger')
    throw new Error(`another reason took traffic back: ${whyOf(events)}`);
  const failure = records.find(({ outcome, at, ms }) => outcome === 'failed' && ms !== null && at < pending.ms);
  if (!failure) throw new Error('no request failed before the trigger was pending');
  return {
    fired: fired.ms - pending.ms - rule.forMs,
    zero: zero.ms - pending.ms - rule.forMs,
    firstFailure: zero.ms - (failure.at + (failure.ms ?? 0)) - rule.forMs,
    written: zero.ms - fired.ms,
    allStable: untilAllStable(records, zero.ms, settings.route.canaryVersion),
    recovered: over.ms - pending.ms,
  };
}

/** From 0 % to the answer to the last of the first requests in a row that all got the release before. */
function untilAllStable(records: readonly ProbeRecord[], zeroAt: number, canary: string): number {
  let row: ProbeRecord[] = [];
  for (const record of records.filter(({ at }) => at >= zeroAt)) {
    const isStable = record.outcome === 'ok' && record.version !== null && record.version !== canary;
    row = isStable ? [...row, record] : [];
    if (row.length === ANSWERS) return Math.max(...row.map(({ at, ms }) => at + (ms ?? 0))) - zeroAt;
  }
  throw new Error(`users never got ${ANSWERS} answers in a row from the release before`);
}

function of<Name extends CutoverEvent['event']>(events: readonly CutoverEvent[], name: Name) {
  return events.findLast((one): one is CutoverEventOf<Name> => one.event === name);
}

function whyOf(events: readonly CutoverEvent[]): string {
  return (
    of(events, 'rollback-begun')?.reason.text ??
    of(events, 'refused')?.why ??
    of(events, 'unfinished')?.why ??
    'its log says nothing'
  );
}

function figures(rounds: readonly Round[], intervalMs: number): Figure[] {
  const both = (name: string, field: keyof Round, target: number | null): Figure[] => {
    const values = rounds.map((round) => round[field]);
    const detail = values.map((value) => `${value.toFixed(0)} ms`).join(', ');
    return [
      { name: `rollback: ${name}, median`, value: median(values), unit: 'ms', target, detail },
      { name: `rollback: ${name}, worst`, value: Math.max(...values), unit: 'ms', target, detail: '' },
    ];
  };
  return [
    ...both('breach → 0 % beyond `for`', 'zero', intervalMs + ACT_MS),
    ...both('breach → fired beyond `for`', 'fired', intervalMs),
    ...both('fired → 0 % written and read back', 'written', ACT_MS),
    ...both('first failed answer → 0 % beyond `for`', 'firstFailure', null),
    ...both(`0 % → ${ANSWERS} answers in a row all stable`, 'allStable', null),
    ...both('breach → recovered and verified', 'recovered', null),
  ];
}
