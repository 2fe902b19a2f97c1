/** What the command line left in of an open run, noted with the run: what it left out stands as it stood. */
import { join } from 'node:path';
import type { Plan } from '../checks/contract/plan.ts';
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
  #started = false;
  #noted = false;

  constructor(run: NarrowedRun) {
    this.#run = run;
  }

  /** Tests were found, and what they need is being started. */
  noteStarted(): void {
    this.#started = true;
  }

  /** The tests of the run, before any of them. */
  noteTests(tests: readonly SelectedTest[]): void {
    const { plan, root, narrowed } = this.#run;
    this.#started = tests.length > 0;
    this.#noted = true;
    if (narrowed) this.#note(selectionOf(plan, this.#phases(), tests, join(root, 'specs')));
  }

  /** Nothing was selected, so that nothing was looked at. */
  isEmpty(): boolean {
    return this.#run.narrowed && !this.#started;
  }

  /** Where the command line replaced our reporter nobody told what it selected. When every test ended well, each has left its record. */
  noteEnd(playwrightCode: number): void {
    if (!this.#run.narrowed || this.#noted || playwrightCode !== 0) return;
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
