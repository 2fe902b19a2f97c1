/**
 * Which process loads the config. Playwright loads it in its main process, in every worker, and in children that UI mode
 * and editors fork to list tests: only the first may open a run. Workers have TEST_WORKER_INDEX; those children lack it but,
 * being forked, can `process.send`.
 */
export function isMainProcess(): boolean {
  return process.env['TEST_WORKER_INDEX'] === undefined && process.send === undefined;
}
