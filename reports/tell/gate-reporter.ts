/**
 * Live progress of a run, as a Playwright reporter. For the eyes only: it decides nothing, sets no status, and a defect in it never
 * reaches the run. On a terminal it keeps one status line; elsewhere it writes a line for each finished item.
 */
import type {
  FullConfig,
  FullResult,
  Reporter,
  Suite,
  TestCase,
  TestError,
  TestResult,
} from '@playwright/test/reporter';
import { PROGRESS_PREFIX } from '../../checks/contract/progress.ts';
import { colours } from './console/text.ts';
import { LiveProgress, type Screen } from './progress/live.ts';
import { readProgressNote } from './progress/notes.ts';
import { errorLine, finishedTest, startedTest } from './progress/tests.ts';

export interface GateReporterOptions {
  /** Where to write; the terminal unless told. For tests. */
  readonly screen?: Screen;
}

export default class GateReporter implements Reporter {
  readonly #live: LiveProgress;
  #broken = false;

  constructor(options: GateReporterOptions = {}) {
    this.#live = new LiveProgress(options.screen ?? terminal());
  }

  /** True: Playwright adds no reporter of its own for the terminal. */
  printsToStdio(): boolean {
    return true;
  }

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#safely(() => {
      for (const test of suite.allTests()) this.#live.expect(startedTest(test));
    });
  }

  onTestBegin(test: TestCase): void {
    this.#safely(() => this.#live.start(startedTest(test)));
  }

  onStdOut(chunk: string | Buffer): void {
    // Load runs and teams' specs may write much: everything but progress lines costs one comparison.
    if (typeof chunk === 'string' && chunk.startsWith(PROGRESS_PREFIX)) {
      this.#safely(() => this.#progress(chunk));
    } else {
      this.#safely(() => this.#live.passThrough(chunk, 'stdout'));
    }
  }

  onStdErr(chunk: string | Buffer): void {
    this.#safely(() => this.#live.passThrough(chunk, 'stderr'));
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    this.#safely(() => this.#live.finish(finishedTest(test, result)));
  }

  onError(error: TestError): void {
    this.#safely(() => this.#live.say(errorLine(error)));
  }

  onEnd(result: FullResult): void {
    this.#safely(() => this.#live.end(result.status));
  }

  #progress(chunk: string): void {
    let rest = '';
    for (const line of chunk.split('\n')) {
      const note = readProgressNote(line);
      if (note) this.#live.note(note);
      else if (line !== '' && !line.startsWith(PROGRESS_PREFIX)) rest += `${line}\n`;
    }
    if (rest !== '') this.#live.passThrough(rest, 'stdout');
  }

  /** The first defect is told on one line; after it the progress stays quiet. The run and its decision go on. */
  #safely(act: () => void): void {
    if (this.#broken) return;
    try {
      act();
    } catch (error) {
      this.#broken = true;
      try {
        process.stderr.write(
          `golive: live progress stopped (${error instanceof Error ? error.message : 'unknown'}); the run goes on\n`,
        );
      } catch {
        // Not even standard error is there: nothing is left to tell.
      }
    }
  }
}

function terminal(): Screen {
  const live = process.stdout.isTTY && process.env['TERM'] !== 'dumb' && process.env['CI'] === undefined;
  return {
    live,
    colours: colours(process.stdout.isTTY && (process.env['NO_COLOR'] ?? '') === ''),
    width: () => process.stdout.columns || 80,
    write: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    now: () => performance.now(),
  };
}
