/** The items of a cutover in the loader: what is refused, where, and how to put it right; and what stays allowed. */
import { afterEach, describe, expect, it } from 'vitest';
import { compilePlan } from '../plan.ts';
import { renderProblem } from '../problems.ts';
import { makeProject, SMALL_CHECKLIST, SMALL_ENVIRONMENT } from '../testing/project.ts';

const removals: (() => void)[] = [];
afterEach(() => removals.splice(0).forEach((remove) => remove()));

type Item = Readonly<Record<string, unknown>>;
type Params = Readonly<Record<string, unknown>>;

function item(id: string, kind: string, params: Params, more: Item = {}): Item {
  const common = { title: `${id} is well`, source: 1, severity: 'critical', owner: 'platform-team' };
  return { id, ...common, kind, ...(kind === 'planned' ? {} : { params }), ...more };
}

const CUTOVER = 'P4-ROU-001';
const WEIGHTS: Params = {
  route: { namespace: 'shop', name: 'api', stable: 'green', canary: 'blue' },
  version: { canary: 'v1' },
  endpoint: { url: 'https://127.0.0.1:1' },
  path: '/',
  deployments: ['green'],
  services: [{ name: 'blue', port: 80, path: '/health' }],
  verify: ['P2-HEA-001'],
};
const TRIGGER: Params = { cutover: CUTOVER, metric: 'error-rate', threshold: 0.05, for: '2m' };
const weights = (params: Params = {}, id = CUTOVER): Item => item(id, 'cutover/weights', { ...WEIGHTS, ...params });
const rehearsal = item('P4-ROL-001', 'cutover/rollback-rehearsal', { cutover: CUTOVER });
const trigger = (params: Params = {}): Item => item('P4-TRI-001', 'cutover/trigger', { ...TRIGGER, ...params });
const step = (weight: number, params: Params = {}): Item =>
  item(`P4-MIG-${String(weight).padStart(3, '0')}`, 'cutover/step', {
    cutover: CUTOVER,
    weight,
    watch: '5m',
    ...params,
  });
const split = item('P4-ROU-002', 'cutover/split', { cutover: CUTOVER });
const watched = item('P4-WAT-001', 'cutover/watched', { cutover: CUTOVER, metric: 'p95' });
const HEALTH = item('P2-HEA-001', 'traffic/http-endpoint', {
  endpoint: { url: 'https://127.0.0.1:1' },
  requests: [{ path: '/' }],
});

const WHOLE = [weights(), rehearsal, trigger(), step(5), step(50), step(100), split, watched];

interface Files {
  /** Items of phase 4, each on a line of its own: the first one is line 6. */
  readonly cutover?: readonly Item[];
  /** Items of phase 2 after `P2-HEA-001`. */
  readonly before?: readonly Item[];
  readonly order?: string;
  /** Overrides, each on a line of its own. */
  readonly overrides?: readonly Item[];
}

function problemsOf({ cutover = WHOLE, before = [], order = 'sequential', overrides = [] }: Files): readonly string[] {
  const list = (items: readonly Item[]): string => items.map((one) => `  - ${JSON.stringify(one)}\n`).join('');
  const phase = (name: string, items: readonly Item[]): string =>
    `apiVersion: golive/v1\nphase: ${name}\ntitle: ${name}\norder: ${name === 'phase4' ? order : 'sequential'}\nitems:${items.length === 0 ? ' []' : ''}\n${list(items)}`;
  const { root, remove } = makeProject({
    'specs/small/checklist.yaml': SMALL_CHECKLIST.replace('phase1.yaml', 'phase2.yaml, phase4.yaml'),
    'specs/small/phase2.yaml': phase('phase2', [HEALTH, ...before]),
    'specs/small/phase4.yaml': phase('phase4', cutover),
    'fixtures/environments/rehearsal.yaml': `${SMALL_ENVIRONMENT.replace('load]', 'load, cutover, chaos]')}${overrides.length === 0 ? '' : `overrides:\n${list(overrides)}`}`,
  });
  removals.push(remove);
  const compiled = compilePlan({ root, env: { GOLIVE_COMMIT: 'a'.repeat(40) } });
  return 'plan' in compiled ? [] : compiled.problems.map(renderProblem);
}

const PHASE = 'specs/small/phase4.yaml';
const ENVIRONMENT = 'fixtures/environments/rehearsal.yaml';

describe('what a cutover must obey', () => {
  it('accepts one that is whole', () => {
    expect(problemsOf({})).toEqual([]);
  });

  it('accepts a look at unready backends without one', () => {
    const params = { namespace: 'shop', service: 'blue', endpoint: { url: 'https://127.0.0.1:1' }, path: '/' };
    expect(problemsOf({ cutover: [item('P4-ROU-003', 'cutover/unready-backends', params)] })).toEqual([]);
  });

  it.each<[string, Files, ...RegExp[]]>([
    [
      'an item that names no item',
      { cutover: [weights(), rehearsal, trigger({ cutover: 'P4-ROU-01' }), step(100)] },
      /^specs\/small\/phase4\.yaml:8:\d+: items\[2\]\.params\.cutover: there is no item P4-ROU-01 in the checklist\. Allowed: P4-ROU-001\. Did you mean "P4-ROU-001"\?$/,
    ],
    [
      'an item that names one of another kind',
      { cutover: [weights(), rehearsal, trigger(), step(100, { cutover: 'P4-TRI-001' })] },
      /:9:\d+: items\[3\]\.params\.cutover: P4-TRI-001 declares no cutover: its kind is cutover\/trigger, expected cutover\/weights\. Allowed: P4-ROU-001/,
    ],
    [
      'no item that declares it, told once',
      { cutover: [rehearsal, trigger(), step(100)] },
      /:6:\d+: items\[0\]\.kind: belongs to a cutover, and no item of kind cutover\/weights declares one \("cutover\/rollback-rehearsal"\)\. Fix: Add an item of kind cutover\/weights before it\.$/,
    ],
    [
      'two that declare it',
      { cutover: [weights(), weights({}, 'P4-ROU-009'), rehearsal, trigger(), step(100)] },
      /:7:\d+: items\[1\]\.kind: declares a second cutover, and a run has one \(the first is P4-ROU-001, specs\/small\/phase4\.yaml:6:5\)\. Fix: Remove/,
    ],
    [
      'an item in another phase',
      { before: [weights()], cutover: [rehearsal, trigger(), step(100)] },
      /^specs\/small\/phase2\.yaml:7:\d+: items\[1\]\.kind: belongs to the cutover, which is phase4, and stands in phase2 \("cutover\/weights"\)\. Fix: Move the item to phase4\.$/,
    ],
    [
      'a parallel phase',
      { order: 'parallel' },
      /^specs\/small\/phase4\.yaml:4:8: order: must be sequential where a cutover goes up step by step \("parallel"\)\. Fix: Write sequential\.$/,
    ],
    [
      'weights that do not rise, and no step of 100 %',
      {
        cutover: [
          weights(),
          rehearsal,
          trigger(),
          step(25),
          item('P4-MIG-026', 'cutover/step', step(25)['params'] as Params),
        ],
      },
      /:10:\d+: items\[4\]\.params\.weight: must be 100 at the last step: a cutover that ends before it leaves users on both releases \(25\)\. Fix: Add a step with weight: 100 behind it\.$/,
      /:10:\d+: items\[4\]\.params\.weight: must be above the 25 % of P4-MIG-025, the step before it \(25\)\. Fix: Let the weights rise from step to step\.$/,
    ],
    [
      'weights that fall, whose last is not 100 %',
      { cutover: [weights(), rehearsal, trigger(), step(100), step(50)] },
      /:10:\d+: items\[4\]\.params\.weight: must be above the 100 % of P4-MIG-100, the step before it \(50\)/,
    ],
    [
      'a service that is named twice',
      {
        cutover: [
          weights({ services: [80, 8080].map((port) => ({ name: 'blue', port, path: '/health' })) }),
          ...WHOLE.slice(1),
        ],
      },
      /:6:\d+: items\[0\]\.params\.services\[1\]\.name: blue is named twice \(first in services\[0\]\)\. Fix: Name each critical service once/,
    ],
    [
      'Deployments that are named twice or not at all',
      { cutover: [weights({ deployments: ['green', 'green', ''] }), ...WHOLE.slice(1)] },
      /params\.deployments.*: .*(twice|duplicate|same|unique)/i,
      /params\.deployments\[2\]/,
    ],
    [
      'steps that nothing watches',
      { cutover: [weights(), rehearsal, step(100)] },
      /:8:\d+: items\[2\]\.kind: traffic would move before anything watches: the checklist has no item of kind cutover\/trigger \("cutover\/step"\)\. Fix: Add one before this item\. Order the items so: cutover\/weights, cutover\/rollback-rehearsal, cutover\/trigger, cutover\/step, then cutover\/split and cutover\/watched\.$/,
    ],
    [
      'what has no step to watch',
      { cutover: [weights(), rehearsal, trigger(), split, watched] },
      ...['trigger', 'split', 'watched'].map(
        (kind) =>
          new RegExp(
            `items\\[\\d\\]\\.kind: has nothing to watch: the checklist has no item of kind cutover/step \\("cutover/${kind}"\\)`,
          ),
      ),
    ],
    [
      'a rollback that is never tried',
      { cutover: [weights(), trigger(), step(100)] },
      /:8:\d+: items\[2\]\.kind: traffic would move before the rollback was rehearsed: the checklist has no item of kind cutover\/rollback-rehearsal/,
    ],
    [
      'what must pass first behind the first step',
      { cutover: [step(5), weights(), rehearsal, trigger(), step(100)] },
      /:7:\d+: items\[1\]\.kind: must stand before P4-MIG-005, the first step: no traffic moves until it has passed \("cutover\/weights"\)\. Fix: Order the items so: cutover\/weights, /,
      /:8:\d+: items\[2\]\.kind: must stand before P4-MIG-005.*rollback-rehearsal/,
      /:9:\d+: items\[3\]\.kind: must stand before P4-MIG-005.*trigger/,
    ],
    [
      'a trigger before the rehearsal that it is judged by',
      { cutover: [weights(), trigger(), rehearsal, step(100)] },
      /:7:\d+: items\[1\]\.kind: must stand behind P4-ROL-001, the rehearsal that tells whether its sources answer \("cutover\/trigger"\)/,
    ],
    [
      'what judges all steps before the last of them',
      { cutover: [weights(), rehearsal, trigger(), step(5), split, watched, step(100)] },
      /:10:\d+: items\[4\]\.kind: must stand behind P4-MIG-100, the last step: it judges them all \("cutover\/split"\)/,
      /:11:\d+: items\[5\]\.kind: must stand behind P4-MIG-100/,
    ],
    [
      'a window that is over before it has its samples',
      { cutover: [weights(), rehearsal, trigger(), step(50, { watch: '10s' }), step(100, { watch: '164s' })] },
      /:9:\d+: items\[3\]\.params\.watch: is too short for its samples, which are taken every 15 s: the cutover would always go back, with users moved \(10s\)\. Fix: Write 165s or more\.$/,
      /:10:\d+: items\[4\]\.params\.watch: is too short .* Write 165s or more\.$/,
    ],
    [
      'a window of few samples that is one gap',
      { cutover: [weights(), rehearsal, trigger(), step(100, { watch: '1m', minSamples: 1 })] },
      /items\[3\]\.params\.watch: .* Write 90s or more\.$/,
    ],
    [
      'a time in which no split can be proven',
      { cutover: [weights({ probeRate: 1 }), rehearsal, trigger(), step(5), step(100, { proveWithin: '5s' })] },
      /items\[2\]\.params\.window: is too short for 50 samples at 1 probes a second.* Write 500s or more\.$/,
      /items\[3\]\.params\.proveWithin: is too short for a proof of P4-MIG-005's split at 1 probes a second: .* Write 1\d\d\ds or more\.$/,
      /items\[4\]\.params\.proveWithin: .* at 1 probes a second.* Write \d+s or more\.$/,
    ],
    [
      'a trigger whose window never holds its samples',
      { cutover: [weights(), rehearsal, trigger({ window: '1s' }), step(100)] },
      /items\[2\]\.params\.window: is too short for 50 samples at 50 probes a second: .* \(1s\)\. Fix: Write 10s or more\.$/,
    ],
    [
      'a failure that would set off nothing',
      { cutover: [weights()], before: [{ ...HEALTH, id: 'P2-HEA-002', onFailure: 'rollback' }] },
      /^specs\/small\/phase2\.yaml:7:\d+: items\[1\]\.onFailure: sets off nothing: the checklist has no item of kind cutover\/step, so no traffic moves \("rollback"\)\. Fix: Remove it, or write report\.$/,
    ],
  ])('refuses %s', (_, files, ...expected) => {
    const problems = problemsOf(files);
    expect(problems).toHaveLength(expected.length);
    expected.forEach((one, index) => expect(problems[index]).toMatch(one));
  });

  it.each<[string, Item | null, RegExp]>([
    ['does not exist', null, /there is no item P2-HEA-002 in the checklist\. Did you mean "P2-HEA-001"\?$/],
    ['is planned', item('P2-HEA-002', 'planned', {}), /P2-HEA-002 cannot verify a rollback: it is planned, not built/],
    [
      'makes changes',
      item('P2-HEA-002', 'chaos/pod-deletion', { namespace: 'shop' }),
      /P2-HEA-002 cannot verify a rollback: it makes changes \(chaos\)/,
    ],
    [
      'only Playwright can run',
      item('P2-HEA-002', 'playwright/spec', { file: 'shop.spec.ts', title: 'sells' }),
      /P2-HEA-002 cannot verify a rollback: only Playwright can run it/,
    ],
    [
      'judges what others left',
      item('P2-HEA-002', 'load/latency-percentile', { run: 'P2-LOA-001' }),
      /P2-HEA-002 cannot verify a rollback: it judges what other items have left, not how things are/,
    ],
  ])('refuses to verify a rollback by an item that %s', (_, verifier, expected) => {
    const cutover = [weights({ verify: ['P2-HEA-001', 'P2-HEA-002'] }), ...WHOLE.slice(1)];
    const told = problemsOf({ cutover, before: verifier ? [verifier] : [] }).filter((one) => one.includes('verify'));
    expect(told).toHaveLength(1);
    expect(told[0]).toMatch(/^specs\/small\/phase4\.yaml:6:\d+: items\[0\]\.params\.verify\[1\]: /);
    expect(told[0]).toMatch(expected);
  });

  it('refuses to verify a rollback by a part of the cutover', () => {
    const cutover = [weights({ verify: ['P4-TRI-001'] }), ...WHOLE.slice(1)];
    expect(problemsOf({ cutover })).toEqual([
      expect.stringMatching(/verify\[0\]: P4-TRI-001 cannot verify a rollback: it stands in phase4/),
    ]);
  });

  it('tells everything at once', () => {
    const cutover = [trigger(), weights({ verify: ['P2-HEA-001', 'P9'] }), step(50), split, step(25)];
    expect(
      problemsOf({ cutover }).map((one) =>
        one
          .slice(PHASE.length + 1)
          .replace(/:.*? items/, ' items')
          .replace(/: .*/, ''),
      ),
    ).toEqual([
      '7 items[1].params.verify[1]',
      '8 items[2].kind',
      '9 items[3].kind',
      '10 items[4].params.weight',
      '10 items[4].params.weight',
    ]);
  });
});

describe('overrides of an environment', () => {
  it('may make a cutover looser, or shorter', () => {
    const overrides = [
      { item: 'P4-TRI-001', param: 'threshold', value: 0.5, why: 'Its users are few' },
      { item: 'P4-TRI-001', param: 'onNoData', value: 'hold', why: 'Its users are few' },
      { item: 'P4-MIG-005', param: 'watch', value: '3m', why: 'Its users are few' },
      { item: 'P4-MIG-005', param: 'weight', value: 10, why: 'Its users are few' },
    ];
    expect(problemsOf({ overrides })).toEqual([]);
  });

  it('are told of where they stand', () => {
    const overrides = [
      { item: 'P4-MIG-050', param: 'weight', value: 2, why: 'Its users are few' },
      { item: CUTOVER, param: 'verify', value: ['P2-HEA-001', 'P9'], why: 'Its users are few' },
    ];
    const problems = problemsOf({ overrides });
    expect(problems).toHaveLength(2);
    expect(problems[0]).toMatch(
      /^fixtures\/environments\/rehearsal\.yaml:14:\d+: overrides\[0\]\.value: must be above the 5 % of P4-MIG-005, the step before it \(2\)/,
    );
    expect(problems[1]).toMatch(
      /^fixtures\/environments\/rehearsal\.yaml:15:\d+: overrides\[1\]\.value\[1\]: there is no item P9/,
    );
    expect(problems.every((one) => one.startsWith(ENVIRONMENT))).toBe(true);
  });
});
