/** Projects of a file of tests, removed after each test, and what is asked of their runs again and again. */
import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { afterEach, expect } from 'vitest';
import { GateProject, type GatePhase, type GateResult } from './gate-project.ts';

export const GOOD: readonly GatePhase[] = [
  { phase: 'phase1', items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002' }] },
  { phase: 'phase2', order: 'sequential', items: [{ id: 'P2-ONE-001' }] },
];
export const RED: readonly GatePhase[] = [{ phase: 'phase1', items: [{ id: 'P1-ONE-001', answer: 'broken' }] }];
const SLOW: readonly GatePhase[] = [
  {
    phase: 'phase1',
    order: 'sequential',
    items: [{ id: 'P1-ONE-001' }, { id: 'P1-ONE-002', answer: 'slow' }, { id: 'P1-ONE-003' }],
  },
];

export type MakeProject = (phases?: readonly GatePhase[], preconditions?: 'enforce' | 'report') => Promise<GateProject>;

/** Projects that hold the gate's spec among their own, as a checkout of golive does: items and teams' specs share workers. */
export function checkouts(make: MakeProject): MakeProject {
  return async (...args) => {
    const project = await make(...args);
    project.writeGateSpec();
    return project;
  };
}

/** Call it once in a file of tests. */
export function gateProjects(): MakeProject {
  const projects: GateProject[] = [];
  afterEach(async () => {
    for (const project of projects.splice(0)) await project.remove();
  });
  return async (phases = GOOD, preconditions = 'report') => {
    const project = await GateProject.make(phases, preconditions);
    projects.push(project);
    return project;
  };
}

/** What matters of a result, so that a difference shows all of it. */
export const summary = ({ exitCode, decision }: GateResult) => ({ exitCode, decision: decision?.decision });
export const outcomesOf = ({ decision }: GateResult) =>
  Object.fromEntries(decision?.items.map((item) => [item.id, item.outcome]) ?? []);

/** A run that is in the middle: the first item is recorded, the second waits for its answer. */
export async function halfWay(make: MakeProject, { afterGo = false } = {}) {
  const project = await make(SLOW);
  if (afterGo) {
    const yesterday = await project.run();
    expect(summary(yesterday), yesterday.output).toEqual({ exitCode: 0, decision: 'GO' });
  }
  const recorded = project.outcomes().length;
  const run = project.start([]);
  await expect.poll(() => project.outcomes().length, { timeout: 60_000 }).toBeGreaterThan(recorded);
  await setTimeout(100);
  return { project, ...run };
}

export const workersOf = (pid: number): number[] =>
  execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number))
    .filter(([, parent]) => parent === pid)
    .map(([child]) => child ?? 0)
    .filter((child) => child > 0 && child !== process.pid);
export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};
