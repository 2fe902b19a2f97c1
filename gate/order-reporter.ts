/**
 * Tells workers when a phase is over (see fixtures/phase-order.ts) and, in UI mode, opens and decides a run for each run of
 * the window. It reports nothing and judges nothing.
 */
import type { FullConfig, Reporter, Suite, TestCase, TestResult } from '@playwright/test/reporter';
import { closeStage, partOf, writeSelectedStages } from '../fixtures/phase-order.ts';
import type { PhaseStage } from '../fixtures/phase-order.ts';
import { WORKER_ENV } from '../fixtures/worker-env.ts';
import { gateMain } from './gate-main.ts';
import type { SelectedTest } from './selection.ts';

/** A stage of this run and its tests that have not ended. */
interface OpenStage extends PhaseStage {
  readonly left: Set<string>;
}

interface Options {
  /** UI mode or an editor: the config is loaded once, runs come and go. */
  readonly manyRuns: boolean;
}

export default class OrderReporter implements Reporter {
  readonly #options: Options;
  #stages: OpenStage[] = [];
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
    if (this.#options.manyRuns) this.#main.beginNextRun(process.env[WORKER_ENV.root] ?? '');
  }

  onBegin(_config: FullConfig, suite: Suite): void {
    this.#runDir = process.env[WORKER_ENV.run] ?? '';
    this.#stages = [];
    if (!this.#runDir) return;
    for (const project of suite.suites) {
      const left = new Set(project.allTests().map((test) => test.id));
      if (left.size > 0) this.#stages.push({ phase: project.title, part: partOf(project.project()), left });
    }
    writeSelectedStages(
      this.#runDir,
      this.#stages.map(({ phase, part }) => ({ phase, part })),
    );
    const tests = suite.suites.flatMap((project) => project.allTests().map(selectedTest));
    this.#main?.selectionOfRun()?.noteTests(tests);
    for (const phase of new Set(this.#stages.map((stage) => stage.phase))) this.#note('phase-opened', phase);
  }

  onTestEnd(test: TestCase, result: TestResult): void {
    if (!this.#runDir) return;
    const willRetry =
      result.status !== test.expectedStatus && result.status !== 'skipped' && test.results.length <= test.retries;
    if (willRetry && result.status !== 'interrupted') return;
    const project = test.parent.project();
    const phase = project?.name ?? '';
    const part = partOf(project);
    const stage = this.#stages.find((one) => one.phase === phase && one.part === part);
    if (!stage?.left.delete(test.id) || stage.left.size > 0) return;
    closeStage(this.#runDir, stage);
    if (this.#stages.every((one) => one.phase !== phase || one.left.size === 0)) this.#note('phase-closed', phase);
  }

  onEnd(): void {
    if (this.#options.manyRuns) this.#main?.endRun(0);
  }

  #note(event: 'phase-opened' | 'phase-closed', phase: string): void {
    this.#main?.appendEvent(this.#runDir, { at: new Date().toISOString(), event, phase });
  }
}

/** A title path begins with the root's, the project's and the file's. */
function selectedTest(test: TestCase): SelectedTest {
  return { phase: test.parent.project()?.name ?? '', file: test.location.file, titles: test.titlePath().slice(3) };
}
