/** The gate's Playwright projects: a phase each, in order, without `dependencies` (fixtures/phase-order.ts says why). */
import { join, resolve } from 'node:path';
import { defineConfig } from '@playwright/test';
import type { ReporterDescription } from '@playwright/test';
import { EXIT } from './checks/contract/decision.ts';
import { plannedRun, withheldSpecs } from './fixtures/worker-env.ts';
import { ensureBuilt } from './gate/fresh-build.ts';
import { gateMain } from './gate/gate-main.ts';
import type { MainGate } from './gate/main-process.ts';
import { isMainProcess } from './gate/process-role.ts';
import { PHASE_WORKERS, phaseProjects } from './gate/projects.ts';

/** The folder whose checklist, environments, ledger and reports are used; a project that depends on golive names its own. */
const root = resolve(process.env['GOLIVE_PROJECT'] ?? import.meta.dirname);
const main = isMainProcess() ? await openGate() : undefined;
const plan = main?.plan ?? plannedRun();
const args = main?.arguments;

/**
 * Two workers for the phase that runs (items wait more than they compute) and one that starts meanwhile and waits for the next
 * phase; without our reporter only a single worker keeps the phases in order.
 */
const workers = args?.reportersReplaced ? 1 : PHASE_WORKERS + 1;

const reporters: ReporterDescription[] = [
  ['./gate/order-reporter.ts', { manyRuns: args?.ui === true || args?.command === 'test-server' }],
  ['./reports/tell/gate-reporter.ts'],
  ['html', { open: 'never', outputFolder: join(root, 'reports/out/playwright'), title: 'golive' }],
  ['junit', { outputFile: join(root, 'reports/out/junit.xml') }],
  ['allure-playwright', { resultsDir: join(root, 'reports/out/allure-results') }],
];

export default defineConfig({
  testDir: 'specs',
  outputDir: join(root, '.golive/test-results'),
  // Already bundled: transpiling it again would cost each cold worker three seconds.
  build: { external: ['**/dist/**'] },
  globalSetup: './gate/global-setup.ts',
  forbidOnly: true,
  retries: 0,
  workers,
  reportSlowTests: null,
  captureGitInfo: { commit: false, diff: false },
  // With --list Playwright prints the list itself, unless a reporter of ours claims the terminal.
  reporter: args?.list ? 'list' : reporters,
  projects: phaseProjects({ plan, golive: import.meta.dirname, root, withheld: withheldSpecs() }),
});

async function openGate(): Promise<MainGate> {
  const unbuilt = ensureBuilt(import.meta.dirname);
  if (unbuilt !== null) {
    process.stderr.write(`golive is not built: ${unbuilt}\nFix: npm run build\n`);
    (await import('./gate/withdraw.ts')).withdrawDecision(root, 'golive is not built (npm run build)');
    process.exit(EXIT.broken);
  }
  return (await gateMain()).prepareMain(root, process.argv.slice(2));
}
