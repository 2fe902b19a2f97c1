/**
 * The config of a project that installed golive; its `playwright.config.ts` is one line: `export { default } from 'golive-gate/config';`.
 * Checklist, environments and reports are the project's, everything else is in `dist/` beside this file.
 */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import type { PlaywrightTestConfig } from '@playwright/test';
import { gateConfig } from './config.ts';
import { gateMain } from './gate-main.ts';
import { isMainProcess } from './process-role.ts';

const root = resolve(process.env['GOLIVE_PROJECT'] ?? process.cwd());
const own = (name: string): string => join(import.meta.dirname, `package-${name}.js`);

const config: PlaywrightTestConfig = gateConfig(
  {
    root,
    testDir: join(root, 'specs'),
    gateSpec: own('gate-spec'),
    orderReporter: own('order-reporter'),
    gateReporter: own('gate-reporter'),
    globalSetup: own('global-setup'),
    allure: createRequire(import.meta.url).resolve('allure-playwright'),
  },
  isMainProcess() ? (await gateMain()).prepareMain(root, process.argv.slice(2)) : undefined,
);
export default config;
