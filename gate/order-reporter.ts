/**
 * Tells workers when a phase is over (see fixtures/phase-order.ts) and, in UI mode, opens and decides a run for each run of
 * the window. It reports nothing and judges nothing.
 */
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { closePhase, writeSelectedPhases } from '../fixtures/phase-order.ts';
import { WORKER_ENV } from '../fixtures/worker-env.ts';
import { gateMain } from './gate-main.ts';

interface Options {
  /** UI mode or an editor: the config is loaded once, runs come and go. */
  readonly manyRuns: boolean;
}

export default class OrderReporter implements Reporter {
  readonly #options: Options;
  readonly #left = new Map<string, Set<string>>();
  #runDir = '';
  #main: Awaited<ReturnType<typeof gateMain>> | undefined;

  constructor(options: Options) {
    this.#options = options;
  }

  printsToStdio(): boolean {
    return false;
  }

  async preprocess(): Promise<void> {
    this.#main = await gateMain();
    if (this.#options.manyRuns) this.#main.beginNextRun(process.env[WORKER_ENV.root] ?? '', null);
  }

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#runDir = process.env[WORKER_ENV.run] ?? '';
    this.#left.clear();
    if (!this.#runDir) return;
    for (const project of suite.suites) {
      const tests = project.allTests();
      if (tests.length > 0) this.#left.set(project.title, new Set(tests.map((test) => test.id)));
    }
    writeSelectedPhases(this.#runDir, [...this.#left.keys()]);
    for (const phase of this.#left.keys()) this.#note('phase-opened', phase);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (!this.#runDir) return;
    const willRetry =
      result.status !== test.expectedStatus && result.status !== 'skipped' && test.results.length <= test.retries;
    if (willRetry && result.status !== 'interrupted') return;
    const phase = test.parent.project()?.name ?? '';
    const left = this.#left.get(phase);
    if (!left?.delete(test.id) || left.size > 0) return;
    closePhase(this.#runDir, phase);
    this.#note('phase-closed', phase);
  }

  onEnd(): void {
    if (this.#options.manyRuns) this.#main?.endRun(0);
  }

  #note(event: 'phase-opened' | 'phase-closed', phase: string): void {
    this.#main?.appendEvent(this.#runDir, { at: new Date().toISOString(), event, phase });
  }
}
