/** What the live progress needs to know of a Playwright test. */
import { relative } from 'node:path';
import type { TestCase, TestError, TestResult } from '@playwright/test/reporter';
import type { OutcomeName } from '../../../checks/contract/outcome.ts';
import {
  ITEM_ANNOTATION,
  OUTCOME_ANNOTATION,
  PLACE_ANNOTATION,
  type OutcomeNote,
} from '../../../checks/contract/progress.ts';
import { hideCredentials } from '../../../checks/contract/credentials.ts';
import { visibleLine } from '../../../checks/contract/visible-text.ts';
import { readOutcomeNote } from './notes.ts';

export interface StartedTest {
  /** Playwright's id: what joins begin and end. */
  readonly key: string;
  readonly phase: string;
  /** The item's id, or null for a test that is no item. */
  readonly item: string | null;
  /** The rest of the title. */
  readonly title: string;
  /** Nothing runs for it. */
  readonly planned: boolean;
}
export interface FinishedTest extends StartedTest {
  readonly outcome: OutcomeName;
  readonly message: string;
  readonly subjects: number;
  readonly durationMs: number;
  /** `file:line` of the item, or of the test that is none. */
  readonly place: string | null;
  /** Waived or minor: it does not fail the run. */
  readonly expected: boolean;
}

const ITEM_TITLE = /^\[?([A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)\]?(?:[\s:–-]+(.*))?$/;

export function startedTest(test: TestCase): StartedTest {
  const match = ITEM_TITLE.exec(test.title);
  return {
    key: test.id,
    phase: test.parent.project()?.name ?? '',
    item: match?.[1] ?? null,
    title: visibleLine(match ? (match[2] ?? '') : test.titlePath().slice(3).join(' › ')),
    planned: test.expectedStatus === 'skipped',
  };
}

export function finishedTest(test: TestCase, result: TestResult): FinishedTest {
  const annotations = [...result.annotations, ...test.annotations];
  const textOf = (type: string): string | undefined =>
    annotations.find((annotation) => annotation.type === type)?.description;
  const titled = startedTest(test);
  // A team's test is named by the team; its item is known when it has run.
  const started = { ...titled, item: titled.item ?? textOf(ITEM_ANNOTATION) ?? null };
  const { file, line } = test.location;
  const place = textOf(PLACE_ANNOTATION) ?? (started.item === null ? `${relative(process.cwd(), file)}:${line}` : null);
  const said = textOf(OUTCOME_ANNOTATION);
  const note = (said === undefined ? null : readOutcomeNote(said)) ?? withoutNote(started, result);
  return {
    ...started,
    outcome: note.outcome,
    message: note.message,
    subjects: note.subjects,
    durationMs: result.duration,
    place,
    expected: result.status === test.expectedStatus && result.status !== 'passed',
  };
}

/** Nothing was said: what Playwright knows, and never a pass for an item. */
function withoutNote(started: StartedTest, result: TestResult): OutcomeNote {
  const first = result.errors.map(errorLine)[0];
  if (result.status === 'interrupted') return { outcome: 'not-run', message: 'Interrupted.', subjects: 0 };
  if (result.status === 'skipped') {
    const why = result.annotations.find(({ type }) => type === 'skip')?.description;
    return { outcome: 'not-run', message: why ?? 'Skipped.', subjects: 0 };
  }
  if (started.item === null) {
    if (result.status === 'passed') return { outcome: 'pass', message: '', subjects: 0 };
    return { outcome: 'fail', message: first ?? `Ended as ${result.status}.`, subjects: 0 };
  }
  const why = first ?? `its test ended as ${result.status}`;
  return { outcome: 'error', message: `No outcome was recorded: ${why}`, subjects: 0 };
}

// Built from text, so that this source holds no control character.
const ANSI = new RegExp('\\u001b\\[[0-9;]*[A-Za-z]', 'g');

/** The first line of an error: never its stack. */
export function errorLine(error: TestError): string {
  const text = (error.message ?? error.value ?? 'An error without a message').replace(ANSI, '');
  return visibleLine(hideCredentials(text.split('\n').find((line) => line.trim() !== '') ?? text));
}
