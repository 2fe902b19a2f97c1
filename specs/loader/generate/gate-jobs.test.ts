/** k8s/gate as it is applied: each file of it is in the kustomization, and what runs by itself has no more than it needs. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load, loadAll } from 'js-yaml';
import { expect, it } from 'vitest';
import { at } from '../../../checks/contract/json.ts';
import { gateJobs } from './gate-jobs.ts';

const GATE = join(import.meta.dirname, '..', '..', '..', 'k8s', 'gate');
const read = (file: string): string => readFileSync(join(GATE, file), 'utf8');

it('names each of its manifests in the kustomization; the rights of a gate outside the cluster and waivers are none of them', () => {
  const { resources } = load(read('kustomization.yaml')) as { resources: readonly string[] };
  const others = ['kustomization.yaml', 'rbac.yaml', 'waivers.yaml'];
  const files = readdirSync(GATE).filter((file) => file.endsWith('.yaml') && !others.includes(file));
  expect([...resources].sort()).toEqual(files.sort());
});

it('runs each schedule by the account that only reads, and the watch by its own', () => {
  const schedules = [
    { name: 'hourly', cron: '@hourly', timeZone: 'Etc/UTC', phase: 'phase5', items: [], deadlineMs: 90_500 },
  ] as const;
  const jobs = loadAll(gateJobs(schedules));
  const pod = (job: unknown, ...path: readonly (string | number)[]): unknown =>
    at(job, 'spec', 'jobTemplate', 'spec', 'template', 'spec', ...path);
  expect(jobs.map((job) => [at(job, 'metadata', 'name'), pod(job, 'serviceAccountName')])).toEqual([
    ['golive-hourly', 'golive-verify'],
    ['golive-cutover-watch', 'golive-cutover-watch'],
  ]);
  expect(pod(jobs[0], 'containers', 0, 'args')).toEqual(['schedule', '--once', 'hourly']);
  expect(at(jobs[0], 'spec', 'jobTemplate', 'spec', 'activeDeadlineSeconds')).toBe(91);
  expect(at(jobs[0], 'spec', 'concurrencyPolicy')).toBe('Forbid');
});

it('gives verification no right to change anything', () => {
  const rules = loadAll(read('rbac-verification.yaml')).flatMap((role) => (at(role, 'rules') ?? []) as object[]);
  const writing = rules.filter((rule) => {
    const resources = (at(rule, 'resources') ?? []) as readonly string[];
    const isReview = resources.every((resource) => resource.endsWith('reviews'));
    return (
      !isReview && ((at(rule, 'verbs') ?? []) as readonly string[]).some((verb) => !['get', 'list'].includes(verb))
    );
  });
  expect(writing).toEqual([]);
});
