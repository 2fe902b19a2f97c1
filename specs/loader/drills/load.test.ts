import { afterEach, describe, expect, it } from 'vitest';
import { kind } from '../../../checks/kit/kind.ts';
import { renderProblem } from '../problems.ts';
import { makeProject } from '../testing/project.ts';
import { loadDrills } from './load.ts';

const cache = kind('data/cache', {
  title: 'The cache answers',
  why: 'Without it everything is slow.',
  sees: ['An answer.'],
  not: [],
  needs: ['redis'],
  params: {},
  messages: {
    down: { says: '{subject}: does not answer ({why}).', fix: 'Start it.', also: ['code'] },
    unlimited: { says: '{subject}: may grow.', fix: 'Set {setting}.' },
  },
  gather: () => Promise.resolve(undefined),
  judge: () => undefined,
});
const KINDS = new Map([[cache.meta.kind, cache]]);
const PLAN = {
  checklist: { file: 'specs/small/checklist.yaml' },
  items: [
    { id: 'P1-DAT-001', kind: 'data/cache' },
    { id: 'P1-DAT-002', kind: 'planned' },
  ],
};
const FAULTS = ['cache-killed', 'cache-without-limit'];

let remove: () => void = () => undefined;
afterEach(() => remove());

function load(files: Readonly<Record<string, string>>, faults: readonly string[] = FAULTS) {
  const named = Object.entries(files).map(([name, text]) => [`specs/small/drills/${name}`, text] as const);
  const project = makeProject(Object.fromEntries(named));
  remove = project.remove;
  const { drills, problems } = loadDrills(project.root, PLAN, KINDS, faults);
  return { drills, problems: problems.map(renderProblem) };
}

const SOUND = `apiVersion: golive/v1
groups:
  slow: [{ items: [P1-DAT-002], why: It waits for the cache. }]
drills:
  cache-killed:
    changes:
      P1-DAT-001: { outcome: fail, findings: [{ id: down, subject: 'Cache at *', data: { why: '*refused', code: 7 } }] }
    mayChange: [slow]
  cache-without-limit:
    changes:
      P1-DAT-001: { outcome: error, reason: unauthorized, detail: WRONGPASS }
    mayChange: [{ items: [P1-DAT-002], why: It may. }]
`;

describe('drills beside a checklist', () => {
  it('are read with their groups put in', () => {
    expect(load({ 'data.yaml': SOUND })).toEqual({
      problems: [],
      drills: [
        {
          fault: 'cache-killed',
          changes: [
            {
              item: 'P1-DAT-001',
              outcome: 'fail',
              findings: [{ id: 'down', subject: 'Cache at *', data: { why: '*refused', code: 7 } }],
            },
          ],
          mayChange: { 'P1-DAT-002': 'It waits for the cache.' },
        },
        {
          fault: 'cache-without-limit',
          changes: [{ item: 'P1-DAT-001', outcome: 'error', reason: 'unauthorized', detail: 'WRONGPASS' }],
          mayChange: { 'P1-DAT-002': 'It may.' },
        },
      ],
    });
  });

  it('may be absent', () => expect(load({})).toEqual({ drills: [], problems: [] }));

  it('may name a group of another file', () => {
    const [head = '', groups = '', drills = ''] = SOUND.split(/^(?=groups|drills)/m);
    const { problems, drills: read } = load({ 'data.yaml': head + drills, 'shared.yaml': head + groups });
    expect([problems, read[0]?.mayChange]).toEqual([[], { 'P1-DAT-002': 'It waits for the cache.' }]);
  });
});

describe('what is wrong with drills is told with its place', () => {
  const changed = (from: string, to: string): readonly string[] =>
    load({ 'data.yaml': SOUND.replace(from, to) }).problems;

  it.each<[string, string, string, string]>([
    [
      'an item that there is not',
      'P1-DAT-001: { outcome: fail',
      'P1-DAT-009: { outcome: fail',
      '7:7: drills.cache-killed.changes.P1-DAT-009: the checklist has no such item ("P1-DAT-009"). Allowed: P1-DAT-001, P1-DAT-002. Did you mean "P1-DAT-001"? Fix: Correct the name or remove it.',
    ],
    [
      'a planned item',
      'P1-DAT-001: { outcome: fail',
      'P1-DAT-002: { outcome: fail',
      '7:7: drills.cache-killed.changes.P1-DAT-002: this item is planned, so nothing can turn it red ("P1-DAT-002"). Fix: Build the item first, or remove the line.',
    ],
    [
      'an id that its kind has not',
      'id: down',
      'id: dwon',
      '7:53: drills.cache-killed.changes.P1-DAT-001.findings[0].id: data/cache has no such message ("dwon"). Allowed: down, unlimited. Did you mean "down"? Fix: Correct the name or remove it.',
    ],
    [
      'data that the finding has not',
      "why: '*refused'",
      "wy: '*refused'",
      '7:90: drills.cache-killed.changes.P1-DAT-001.findings[0].data.wy: down has no such data ("wy"). Allowed: why, code. Did you mean "why"? Fix: Correct the name or remove it.',
    ],
    [
      'a group that there is not',
      'mayChange: [slow]',
      'mayChange: [slow, slo]',
      '8:23: drills.cache-killed.mayChange[1]: there is no such group ("slo"). Allowed: slow. Did you mean "slow"? Fix: Correct the name or remove it.',
    ],
    [
      'a group that nobody names',
      '    mayChange: [slow]\n',
      '',
      '3:3: groups.slow: no drill names this group ("slow"). Fix: Remove it.',
    ],
    [
      'an item that may change and is none',
      'items: [P1-DAT-002], why: It may',
      'items: [P1-DAT-003], why: It may',
      '12:27: drills.cache-without-limit.mayChange[0].items[0]: the checklist has no such item ("P1-DAT-003"). Allowed: P1-DAT-001, P1-DAT-002. Did you mean "P1-DAT-001"? Fix: Correct the name or remove it.',
    ],
    [
      'a fail without a reason',
      'P1-DAT-001: { outcome: error, reason: unauthorized, detail: WRONGPASS }',
      'P1-DAT-001: { outcome: fail }',
      '11:19: drills.cache-without-limit.changes.P1-DAT-001: ',
    ],
  ])('%s', (_, from, to, told) => {
    const problems = changed(from, to);
    expect(problems).toEqual([expect.stringContaining(`specs/small/drills/data.yaml:${told}`)]);
  });

  it('a fault that there is not, and one without a drill', () => {
    expect(changed('cache-without-limit', 'cache-unlimited')).toEqual([
      'specs/small/drills: no file says what the fault cache-without-limit must change. Fix: Write it under drills, with the items it turns red.',
      expect.stringContaining(
        'specs/small/drills/data.yaml:9:3: drills.cache-unlimited: there is no such fault ("cache-unlimited")',
      ),
    ]);
  });

  it('a fault that stands in two files', () => {
    const { problems } = load({ 'a.yaml': SOUND, 'b.yaml': SOUND.replace(/groups:\n.*\n/, '') });
    expect(problems).toEqual([
      expect.stringContaining(
        'b.yaml:3:3: drills.cache-killed: the fault stands at specs/small/drills/a.yaml:5 already',
      ),
      expect.stringContaining(
        'b.yaml:7:3: drills.cache-without-limit: the fault stands at specs/small/drills/a.yaml:9 already',
      ),
    ]);
  });
});
