/** The baseline: a bare Playwright project in a temporary folder, without anything of golive. */
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import { timeNode } from './measure.ts';
import type { Timed } from './measure.ts';

export interface BareProject {
  readonly root: string;
  run(): Promise<Timed>;
  remove(): void;
}

/** `tests` is the spec's body; `reporters` what the config lists, so that both sides write the same reports. */
export function bareProject(tests: string, workers: number, reporters: readonly string[]): BareProject {
  const root = mkdtempSync(join(tmpdir(), 'golive-bare-'));
  symlinkSync(join(repositoryRoot(), 'node_modules'), join(root, 'node_modules'));
  writeFileSync(join(root, 'package.json'), '{"type":"module"}');
  writeFileSync(
    join(root, 'playwright.config.ts'),
    `export default { fullyParallel: true, workers: ${workers}, reporter: ${JSON.stringify(reporters.map((name) => [name, name === 'html' ? { open: 'never' } : {}]))} };`,
  );
  writeFileSync(join(root, 'bare.spec.ts'), `import { test, expect } from '@playwright/test';\n${tests}`);
  const cli = join(root, 'node_modules', '@playwright', 'test', 'cli.js');
  const env = {
    PATH: process.env['PATH'],
    HOME: process.env['HOME'],
    NO_COLOR: '1',
    PLAYWRIGHT_JUNIT_OUTPUT_FILE: 'junit.xml',
  };
  return {
    root,
    run: () => timeNode([cli, 'test'], root, env),
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
