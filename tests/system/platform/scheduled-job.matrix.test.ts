/** Scheduled verification as a cluster runs it: the base of k8s/gate applied to a rehearsal, and a Job of its hourly CronJob. */
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ledgerFolder } from '../../../reports/record/paths.ts';
import { findTool } from '../../../fixtures/rehearsal-client/tools.ts';
import { GOLIVE_IMAGE } from '../../../rehearsal/images/golive.ts';
import { PlatformProject } from '../../harness/platform-project.ts';
import { repositoryRoot } from '../../harness/repository.ts';

const LIMIT = 240_000;
const repository = repositoryRoot();
const [IMAGE_NAME = '', IMAGE_TAG = ''] = GOLIVE_IMAGE.split(':');
const OVERLAY = {
  resources: ['../gate'],
  images: [{ name: 'registry.example.com/golive', newName: IMAGE_NAME, newTag: IMAGE_TAG }],
  generatorOptions: { disableNameSuffixHash: true },
  secretGenerator: ['golive-secrets', 'golive-ledger-key'].map((name) => ({
    ...{ name, namespace: 'golive', literals: ['key=none'] },
  })),
  patches: [
    {
      target: { kind: 'ConfigMap', name: 'golive-environment' },
      // A rehearsal signs with a key of its own.
      patch: JSON.stringify([
        { op: 'replace', path: '/data/GOLIVE_ENV', value: 'rehearsal' },
        { op: 'remove', path: '/data/GOLIVE_LEDGER_KEY' },
      ]),
    },
  ],
};

let made: PlatformProject | undefined;
beforeAll(async () => {
  made = await PlatformProject.withRehearsal();
  // As in a team's project: Playwright beside its configuration.
  symlinkSync(join(repository, 'node_modules'), join(made.root, 'node_modules'));
  writeFileSync(join(made.root, 'package.json'), '{ "type": "module" }\n');
  const config = JSON.stringify(join(repository, 'playwright.config.ts'));
  writeFileSync(join(made.root, 'playwright.config.ts'), `export { default } from ${config};\n`);
  mkdirSync(join(made.root, 'k8s', 'here'));
  writeFileSync(join(made.root, 'k8s', 'here', 'kustomization.yaml'), JSON.stringify(OVERLAY));
}, LIMIT);
afterAll(() => made?.remove(), LIMIT);

it("an hourly CronJob's Job verifies, is complete, and leaves a run in the ledger", { timeout: LIMIT }, async () => {
  if (made === undefined) throw new Error('there is no project');
  const { root, rehearsalDir } = made;
  const program = findTool('kubectl');
  if (program === undefined) throw new Error('kubectl is missing: npm run setup -- kubectl');
  const access = ['--kubeconfig', join(rehearsalDir, 'kubeconfig'), '--context', 'rehearsal-admin'];
  const kubectl = async (...args: readonly string[]): Promise<string> =>
    (await promisify(execFile)(program, [...access, ...args], { maxBuffer: 2 ** 24 })).stdout;
  await kubectl('apply', '-k', join(root, 'k8s', 'here'));
  const inGate = (...args: readonly string[]): Promise<string> => kubectl('-n', 'golive', ...args);
  // Alone it speaks protobuf, which this API server reads of few kinds.
  const job = join(root, 'now.json');
  writeFileSync(
    job,
    await inGate('create', 'job', 'now', '--from=cronjob/golive-hourly', '--dry-run=client', '-o', 'json'),
  );
  await inGate('create', '-f', job);
  const ended = ['--for=condition=Complete', '--for=condition=Failed'].map((condition) =>
    inGate('wait', condition, 'job/now', '--timeout=180s').then(() => condition),
  );
  const how = await Promise.any(ended);
  const pods = await inGate('get', 'pods', '-l', 'batch.kubernetes.io/job-name=now', '-o', 'name');
  const said = await inGate('logs', pods.trim());
  expect(how, said).toBe('--for=condition=Complete');
  expect(said).toContain('Schedule hourly: npx playwright test --project=post-deployment');
  expect(said).toContain('Schedule hourly: all 4 items that it looked at are good or not due.');
  expect(readdirSync(ledgerFolder(root)).filter((name) => name.endsWith('.jsonl'))).toHaveLength(1);
});
