/** What the command line left in of an open run, noted with the run: what it left out stands as it stood. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Plan } from '../checks/contract/plan.ts';
import { orderDir } from '../fixtures/phase-order.ts';
import { gatePhases } from '../reports/decide/gather.ts';
import { appendEvent } from '../reports/record/run-folder/append.ts';
import { readRun } from '../reports/record/run-folder/read.ts';
import { selectionOf, type SelectedTest } from './selection.ts';

export interface NarrowedRun {
  readonly runDir: string;
  readonly root: string;
  readonly plan: Plan;
  /** Named by `--project`; null: all. */
  readonly phases: readonly string[] | null;
  /** Tests of a phase may be left out. */
  readonly narrowed: boolean;
}

export class RunSelection {
  readonly #run: NarrowedRun;
  /** How many tests are to run; undefined where nobody told. */
  #tests: number | undefined;

  constructor(run: NarrowedRun) {
    this.#run = run;
  }

  /** The tests of the run, before any of them. */
  noteTests(tests: readonly SelectedTest[]): void {
    const { plan, root, narrowed } = this.#run;
    this.#tests = tests.length;
    if (narrowed) this.#note(selectionOf(plan, this.#phases(), tests, join(root, 'specs')));
  }

  /** Nothing was selected, so that nothing was looked at; where nobody told, no worker has opened a phase. */
  isEmpty(): boolean {
    const { runDir, narrowed } = this.#run;
    return narrowed && (this.#tests === undefined ? !existsSync(orderDir(runDir)) : this.#tests === 0);
  }

  /** Where the command line replaced our reporter nobody told what it selected. When every test ended well, each has left its record. */
  noteEnd(playwrightCode: number): void {
    if (!this.#run.narrowed || this.#tests !== undefined || playwrightCode !== 0) return;
    const { outcomes } = readRun(this.#run.runDir);
    const of = (phase: string): string[] => outcomes.filter((record) => record.phase === phase).map(({ item }) => item);
    this.#note(new Map(this.#phases().map((phase) => [phase, of(phase)])));
  }

  #phases(): readonly string[] {
    return this.#run.phases ?? gatePhases(this.#run.plan.phases.map(({ id }) => id));
  }

  #note(selection: ReadonlyMap<string, readonly string[]>): void {
    const at = new Date().toISOString();
    for (const [phase, items] of selection) appendEvent(this.#run.runDir, { at, event: 'selected', phase, items });
  }
}
