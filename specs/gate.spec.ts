/** The gate: one test an item of the frozen plan. Reads nothing but the plan, so that every worker makes the same tests. */
import { join } from 'node:path';
import vm from 'node:vm';
import type { TestDetails, TestInfo } from '@playwright/test';
import type { AppliedWaiver } from '../checks/contract/decision.ts';
import type { OutcomeRecord } from '../checks/contract/outcome.ts';
import type { PlannedItem } from '../checks/contract/plan.ts';
import { visibleLine, visibleText } from '../checks/contract/visible-text.ts';
import type { PhaseSession } from '../fixtures/phase-session.ts';
import { isRed, itemAnnotations, noteOutcome, outcomeAnnotation } from '../fixtures/outcome-note.ts';
import { itemTest as test } from '../fixtures/test.ts';
import { plannedRun, WORKER_ENV, withheldSpecs } from '../fixtures/worker-env.ts';
import { SPEC_KIND } from './loader/team-specs/binding.ts';

const root = process.env[WORKER_ENV.root] ?? process.cwd();
const plan = plannedRun();
const withheld = withheldSpecs();

/** How much longer than the item's own deadline Playwright waits before it abandons the test. */
const PLAYWRIGHT_MARGIN_MS = 15_000;

type Body = (fixtures: { phase: PhaseSession; interrupt: AbortSignal }, testInfo: TestInfo) => Promise<void>;
type Declare = (title: string, details: TestDetails, body: Body) => void;
type Testing = typeof test;

/**
 * From this many items in one parallel phase Playwright's dealing one by one costs more than it saves: it clones the whole file for
 * each test, unless a `beforeAll` makes it deal the tests out in shares. Below, one by one spreads slow items better.
 */
const DEAL_IN_SHARES = 80;
const inParallel = plan.phases
  .filter(({ order }) => order === 'parallel')
  .map(({ id }) => plan.items.filter(({ phase, kind }) => phase === id && kind !== 'planned').length);
if (Math.max(0, ...inParallel) >= DEAL_IN_SHARES) test.beforeAll(() => undefined);

for (const item of plan.items) {
  // Its test is in the team's own spec. One that must not run ends here, so that not even its file is loaded.
  if (item.kind === SPEC_KIND && !withheld.has(item.id)) continue;
  at(item)(`${item.id} ${visibleLine(item.title)}`, detailsOf(item), async ({ phase, interrupt }, testInfo) => {
    let limitMs = item.timeoutMs + PLAYWRIGHT_MARGIN_MS;
    testInfo.setTimeout(limitMs);
    const lengthened = (ms: number): void => testInfo.setTimeout((limitMs += ms));
    const record = await phase.run(item, { signal: interrupt, attempt: testInfo.retry + 1, lengthened });
    show(item, record, () => phase.waiverFor(item, record), testInfo);
  });
}

/**
 * Declares the item's test so that Playwright takes its line in YAML for the test's location: Playwright looks at the caller's
 * stack frame, and the code compiled here has that one.
 */
function at(item: PlannedItem): Declare {
  const { file, line, column } = item.place;
  const declare = vm.runInThisContext(
    `(test, title, details, body) => test${item.kind === 'planned' ? '.skip' : ''}(title, details, body)`,
    { filename: join(root, file), lineOffset: line - 1, columnOffset: column - 1 },
  ) as (test: Testing, ...rest: Parameters<Declare>) => void;
  return (...rest) => declare(test, ...rest);
}

function detailsOf(item: PlannedItem): TestDetails {
  return {
    tag: [`@${item.phase}`, `@${item.severity}`],
    annotation: [
      ...itemAnnotations(item),
      ...(item.kind === 'planned'
        ? [outcomeAnnotation({ outcome: 'planned', message: 'Not implemented.', subjects: 0 })]
        : []),
    ],
    // A lock of the phase's own: a worker that waits for its phase's turn holds its first test's lock already.
    ...(item.mutation ? { lock: `${item.phase}:${item.mutation}` } : {}),
  };
}

/** Gives the outcome Playwright's nearest status. The decision is made from the recorded outcome, not from this. */
function show(item: PlannedItem, record: OutcomeRecord, waiver: () => AppliedWaiver | null, testInfo: TestInfo): void {
  const { outcome, message } = record;
  noteOutcome(record, testInfo);
  if (outcome === 'pass') return;
  if (!isRed(record)) testInfo.skip(true, `${outcome}: ${message}`);
  // An expected failure keeps the worker alive and the item visible: it blocks nothing.
  const waived = item.severity === 'minor' ? null : waiver();
  if (item.severity === 'minor') testInfo.fail(true, `${outcome} of a minor item`);
  else if (waived)
    testInfo.fail(true, `${outcome}, waived until ${waived.expires} by ${waived.approver} (${waived.ticket})`);
  throw errorAt(item, visibleText(`${outcome}: ${message}`));
}

/** An error that reporters show at the item's line in YAML. */
function errorAt(item: PlannedItem, message: string): Error {
  const error = new Error(message);
  const { file, line, column } = item.place;
  error.stack = `Error: ${message}\n    at ${item.id} (${join(root, file)}:${line}:${column})`;
  return error;
}
