/** The gate's Playwright projects: a phase each, in order, without `dependencies` (fixtures/phase-order.ts says why). */
import { join, resolve } from 'node:path';
import { EXIT } from './checks/contract/decision.ts';
import { gateConfig } from './gate/config.ts';
import { ensureBuilt } from './gate/fresh-build.ts';
import { gateMain } from './gate/gate-main.ts';
import type { MainGate } from './gate/main-process.ts';
import { isMainProcess } from './gate/process-role.ts';

/** The folder whose checklist, environments, ledger and reports are used; a test's project names its own. */
const root = resolve(process.env['GOLIVE_PROJECT'] ?? import.meta.dirname);
const own = (file: string): string => join(import.meta.dirname, file);

export default gateConfig(
  {
    root,
    testDir: own('specs'),
    gateSpec: own('specs/gate.spec.ts'),
    orderReporter: own('gate/order-reporter.ts'),
    gateReporter: own('reports/tell/gate-reporter.ts'),
    globalSetup: own('gate/global-setup.ts'),
    allure: 'allure-playwright',
  },
  isMainProcess() ? await openGate() : undefined,
);

async function openGate(): Promise<MainGate> {
  const unbuilt = ensureBuilt(import.meta.dirname);
  if (unbuilt !== null) {
    process.stderr.write(`golive is not built: ${unbuilt}\nFix: npm run build\n`);
    (await import('./gate/withdraw.ts')).withdrawDecision(root, 'golive is not built (npm run build)');
    process.exit(EXIT.broken);
  }
  return (await gateMain()).prepareMain(root, process.argv.slice(2));
}
