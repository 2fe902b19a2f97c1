/** The Playwright config of the gate: of golive's own checkout, and of a project that installed it (package-config.ts). */
import { join } from 'node:path';
import { defineConfig } from '@playwright/test';
import type { PlaywrightTestConfig, ReporterDescription } from '@playwright/test';
import { plannedRun, withheldSpecs } from '../fixtures/worker-env.ts';
import type { MainGate } from './main-process.ts';
import { PHASE_WORKERS, phaseProjects } from './projects.ts';

/** Where the parts that Playwright loads by their file are: sources in a checkout, bundles in an installed package. */
export interface GateParts {
  /** The folder whose checklist, environments, ledger and reports are used. */
  readonly root: string;
  /** The config's own `testDir`, from which Playwright names files. */
  readonly testDir: string;
  readonly gateSpec: string;
  readonly orderReporter: string;
  readonly gateReporter: string;
  readonly globalSetup: string;
  /** The package or a file of it. */
  readonly allure: string;
}

/** `main` is there in Playwright's main process alone; workers read the plan that it left. */
export function gateConfig(parts: GateParts, main: MainGate | undefined): PlaywrightTestConfig {
  const { root, testDir, gateSpec } = parts;
  const args = main?.arguments;
  const reporters: ReporterDescription[] = [
    [parts.orderReporter, { manyRuns: args?.ui === true || args?.command === 'test-server' }],
    [parts.gateReporter],
    ['html', { open: 'never', outputFolder: join(root, 'reports/out/playwright'), title: 'golive' }],
    ['junit', { outputFile: join(root, 'reports/out/junit.xml') }],
    [parts.allure, { resultsDir: join(root, 'reports/out/allure-results') }],
  ];
  return defineConfig({
    testDir,
    outputDir: join(root, '.golive/test-results'),
    // Already bundled: transpiling it again would cost each cold worker three seconds.
    build: { external: ['**/dist/**'] },
    globalSetup: parts.globalSetup,
    forbidOnly: true,
    retries: 0,
    // Two workers for the phase that runs (items wait more than they compute) and one that starts meanwhile and waits for the next
    // phase; without our reporter only a single worker keeps the phases in order.
    workers: args?.reportersReplaced ? 1 : PHASE_WORKERS + 1,
    reportSlowTests: null,
    captureGitInfo: { commit: false, diff: false },
    // With --list Playwright prints the list itself, unless a reporter of ours claims the terminal.
    reporter: args?.list ? 'list' : reporters,
    projects: phaseProjects({
      plan: main?.plan ?? plannedRun(),
      gateSpec,
      testDir,
      root,
      withheld: withheldSpecs(),
    }),
  });
}
