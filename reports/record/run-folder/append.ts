/** What workers and the main process add to an open run. */
import { join } from 'node:path';
import type { OutcomeRecord } from '../../../checks/contract/outcome.ts';
import type { RunEvent } from '../../../checks/contract/run.ts';
import { appendLines } from '../io.ts';

/** Appends one outcome to the worker's own file and fsyncs it. `worker` is its index; each file has one writer. Throws RunFileError. */
export function appendOutcome(runDir: string, worker: string | number, record: OutcomeRecord): void {
  appendLines(join(runDir, `outcomes.${worker}.jsonl`), [JSON.stringify(record)]);
}

/** Appends one event. Short lines from several processes do not mix. Throws RunFileError. */
export function appendEvent(runDir: string, event: RunEvent): void {
  appendLines(join(runDir, 'events.jsonl'), [JSON.stringify(event)]);
}
