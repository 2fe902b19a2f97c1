/**
 * Scans the YAML that packages of others ship: whatever stands in it, each document is judged or said not to be judged, and nothing crashes.
 * `npm run bench -- shipped-yaml`; needs the registries of npm and PyPI.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { repositoryRoot } from '../harness/repository.ts';
import type { Benchmark } from './measure.ts';

/** CRDs and operators, templates with placeholders, API descriptions, workflows, settings of linters. */
const NPM = [
  ...['cdk8s-cli@2.207.60', 'serverless@3.40.0', '@backstage/create-app@0.9.2', '@redocly/cli@1.34.21'],
  ...['@asyncapi/specs@6.11.1', 'fastify@5.12.8', 'pino@9.14.0', 'qs@6.17.1', 'resolve@1.22.14'],
];
const PYPI = ['dask-kubernetes==2026.3.0'];
const LIMIT_MS = 120_000;

export const shippedYaml: Benchmark = () => {
  const folder = mkdtempSync(join(tmpdir(), 'golive-shipped-'));
  try {
    fetchAll(folder);
    const golive = join(repositoryRoot(), 'dist', 'golive.js');
    const { status, stdout, stderr } = spawnSync(process.execPath, [golive, 'scan', folder, '--format', 'json'], {
      encoding: 'utf8',
      maxBuffer: 256 * 1024 * 1024,
      timeout: LIMIT_MS,
    });
    const isAnswer = status !== null && status <= 2 && stdout.startsWith('{') && !/\n {4}at /.test(stderr);
    const { findings = [], doubts = [] } = isAnswer ? (JSON.parse(stdout) as { findings?: []; doubts?: [] }) : {};
    const detail = `${NPM.length + PYPI.length} packages, ${findings.length} findings, ${doubts.length} not judged, exit code ${status ?? 'none'}`;
    return Promise.resolve([
      { name: 'crashes on YAML that packages ship', value: isAnswer ? 0 : 1, unit: 'more', target: 0, detail },
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

function fetchAll(folder: string): void {
  const quiet = {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'inherit'] as ['ignore', 'ignore', 'inherit'],
    timeout: LIMIT_MS,
  };
  execFileSync('npm', ['pack', '--silent', ...NPM], quiet);
  execFileSync('pip3', ['download', '--quiet', '--no-deps', '--dest', folder, ...PYPI], quiet);
  for (const file of readdirSync(folder)) {
    const into = join(folder, `${file}.d`);
    mkdirSync(into);
    if (file.endsWith('.tgz')) execFileSync('tar', ['xzf', join(folder, file), '-C', into], quiet);
    else execFileSync('python3', ['-m', 'zipfile', '-e', join(folder, file), into], quiet);
  }
}
