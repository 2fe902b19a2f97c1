/** What an incident does to a cutover that is under way, by files alone: stop lets no further step begin, and resolving lets it go on. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { HttpClient } from '../../checks/contract/http.ts';
import type { DecisionTree } from '../../checks/contract/notify.ts';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import { askedSteps, askForStep, askForStop, releaseStop } from '../../reports/record/run-folder/cutover-asked.ts';
import { decideNow, stopCutover } from './decide.ts';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'golive-incident-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const tree: DecisionTree = {
  prometheus: { url: 'https://prometheus.test' },
  branches: [
    { name: 'Error rate', query: 'errors', above: 0.05, action: 'rollback' },
    { name: 'Security incident', query: 'attacks', above: 0, action: 'stop' },
  ],
};
const without = { bridge: 'https://meet.test', runbook: 'https://run.test', page: 'pager', announce: ['chat'] };
const plan = { ...without, tree };
/** Prometheus that answers by the query; null: it does not answer. */
const prometheus = (values: Readonly<Record<string, string | null>>): HttpClient => ({
  request: ({ url, body }) => {
    const asked = Object.keys(values).find((name) => `${url} ${String(body)}`.includes(`query=${name}`)) ?? '';
    const value = values[asked];
    if (value === null || value === undefined) throw new ObservationError('unreachable', 'Prometheus is away');
    const result = [{ metric: {}, value: [1, value] }];
    const text = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
    return Promise.resolve({ status: 200, headers: {}, body: text, truncated: false, ms: 1 });
  },
});

it('does what the branch says that is measured, and what somebody says before that', async () => {
  const attacked = prometheus({ errors: '0.01', attacks: '2' });
  expect(await decideNow({ http: attacked, plan }, undefined)).toMatchObject({ action: 'stop' });
  expect(await decideNow({ http: attacked, plan }, 'Error rate')).toEqual({
    action: 'rollback',
    branch: 'Error rate',
    why: 'somebody says so',
  });
});

it('takes traffic back where a source does not answer, or nothing is declared', async () => {
  const away = prometheus({ errors: null, attacks: '2' });
  const decision = await decideNow({ http: away, plan }, undefined);
  expect(decision).toEqual({
    action: 'rollback',
    branch: null,
    why: 'Error rate is not known: Prometheus is away',
  });
  expect(await decideNow({ http: away, plan: without }, undefined)).toMatchObject({ action: 'rollback' });
});

it('lets no step begin until it is resolved', () => {
  const runDir = join(folder, 'run');
  mkdirSync(runDir);
  askForStep(runDir, 'P4-MIG-001');
  expect(askedSteps(runDir)).toEqual(['P4-MIG-001']);
  askForStop(runDir);
  askForStep(runDir, 'P4-MIG-002');
  expect(askedSteps(runDir)).toEqual([]);
  releaseStop(runDir);
  expect([...askedSteps(runDir)].sort()).toEqual(['P4-MIG-001', 'P4-MIG-002']);
  expect(stopCutover(folder)).toMatchObject({ state: 'ready', detail: 'none is under way' });
});
