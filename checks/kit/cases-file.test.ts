import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseCases } from './cases-file.ts';

/** The worked example of the reader's own description, without its margin. */
const EXAMPLE = (
  /\n \*\n( \* {5}base:\n[^]*?)\n \*\n/.exec(readFileSync(join(import.meta.dirname, 'cases-file.ts'), 'utf8'))?.[1] ??
  ''
)
  .split('\n')
  .map((line) => line.replace(/^ \* {5}/, ''))
  .join('\n');

const pods = (second: object, ...more: readonly object[]) => [
  { name: 'api-1', ready: true, restarts: 0 },
  { name: 'api-2', ready: true, restarts: 0, ...second },
  ...more,
];

describe('the example', () => {
  const cases = parseCases(EXAMPLE, 'cases.yaml');

  it('is read as it describes', () => {
    expect(cases).toEqual([
      {
        name: 'pass.two-pods',
        at: 'cases.yaml:2',
        params: { restartWindow: '10m' },
        gathered: { node: 'worker-1', pods: pods({}) },
        expect: { outcome: 'pass', subjects: ['Pod api-1', 'Pod api-2'] },
      },
      {
        name: 'fail.one-not-ready',
        at: 'cases.yaml:11',
        params: { restartWindow: '10m' },
        gathered: { node: 'worker-1', pods: pods({ ready: false }) },
        expect: { outcome: 'fail', findings: ['notReady'] },
      },
      {
        name: 'fail.not-ready-and-restarted',
        at: 'cases.yaml:15',
        params: { restartWindow: '30m' },
        gathered: { pods: pods({ ready: false, restarts: 2 }, { name: 'api-3', ready: true, restarts: 0 }) },
        expect: { outcome: 'fail', findings: ['notReady', 'restarted'] },
      },
      {
        name: 'inconclusive.nothing-there',
        at: 'cases.yaml:24',
        params: { restartWindow: '10m' },
        gathered: { pods: [] },
        expect: { outcome: 'inconclusive', doubts: ['no-subjects'] },
      },
      {
        name: 'error.forbidden',
        at: 'cases.yaml:28',
        params: { restartWindow: '10m' },
        capabilities: { cluster: { throws: { code: 'forbidden', message: 'may not list pods' } } },
        expect: { outcome: 'error', reason: 'forbidden' },
      },
    ]);
  });
});

const BASE = `base:
  name: pass.plain
  now: '2026-02-01T00:00:00Z'
  params: {}
  gathered: { pods: [{ name: a }] }
  expect: { outcome: pass }
cases:
`;
const parse = (text: string) => parseCases(`${BASE}${text}`, 'cases.yaml');

describe('a case', () => {
  it('inherits the clock, and has its own', () => {
    const [, other, own] = parse(
      "  - { name: pass.b, expect: { outcome: pass } }\n  - { name: pass.c, now: '2026-03-01T00:00:00Z', expect: { outcome: pass } }\n",
    );
    expect(other?.now).toBe('2026-02-01T00:00:00Z');
    expect(own?.now).toBe('2026-03-01T00:00:00Z');
  });

  it('inherits capabilities from another case, not what was gathered', () => {
    const [, , refused, judged] = parse(`
  - name: error.forbidden
    capabilities: { cluster: { throws: { code: forbidden, message: no } } }
    expect: { outcome: error, reason: forbidden }
  - name: error.away
    from: error.forbidden
    set: { /capabilities/cluster/throws/code: unreachable }
    expect: { outcome: error, reason: unreachable }
  - name: pass.back
    from: error.away
    gathered: { pods: [] }
    expect: { outcome: pass }
`);
    expect(refused).toMatchObject({ capabilities: { cluster: { throws: { code: 'unreachable', message: 'no' } } } });
    expect(refused).not.toHaveProperty('gathered');
    expect(judged).toMatchObject({ gathered: { pods: [] } });
    expect(judged).not.toHaveProperty('capabilities');
  });

  it('keeps numbers that are none', () => {
    const [, odd] = parse(
      '  - { name: pass.b, set: { /params/a: .nan, /params/b: .inf }, expect: { outcome: pass } }\n',
    );
    expect(odd?.params).toEqual({ a: NaN, b: Infinity });
  });
});

describe('what is no case', () => {
  const pass = 'expect: { outcome: pass }';
  it.each([
    ['an unknown key', `{ name: pass.b, sets: {}, ${pass} }`, /pass\.b: unknown key sets, expected one of name, why, /],
    [
      'an unknown expectation',
      '{ name: fail.b, expect: { outcome: fail, findings: [x], messages: [x] } }',
      /expect\.messages/,
    ],
    ['no name', `{ ${pass} }`, /name is missing/],
    ['no expectation', '{ name: pass.b }', /pass\.b: expect is missing/],
    [
      'an outcome that is none',
      '{ name: pass.b, expect: { outcome: ok } }',
      /expect\.outcome must be one of pass, fail, /,
    ],
    [
      'a name of another outcome',
      `{ name: fail.b, ${pass} }`,
      /the name must start with the outcome that it expects, pass\./,
    ],
    [
      'a failure without findings',
      '{ name: fail.b, expect: { outcome: fail, findings: [] } }',
      /expect\.findings is missing/,
    ],
    [
      'a doubt without its reason',
      '{ name: inconclusive.b, expect: { outcome: inconclusive } }',
      /expect\.doubts is missing/,
    ],
    ['an error without its reason', '{ name: error.b, expect: { outcome: error } }', /expect\.reason is missing/],
    ['a name that is taken', `{ name: pass.plain, ${pass} }`, /there is a case of this name already, cases\.yaml:2$/],
    [
      'a pointer that matches nothing',
      `{ name: pass.b, remove: ['/gathered/pods/[b]'], ${pass} }`,
      /pass\.b: remove \/gathered\/pods\/\[b\]: .* there are \[a\]$/,
    ],
    [
      'a pointer to the whole',
      `{ name: pass.b, set: { /params: {} }, ${pass} }`,
      /set must be a map of pointers below \/params\//,
    ],
    [
      'an insertion that is no list',
      `{ name: pass.b, insert: { /gathered/pods/-: 1 }, ${pass} }`,
      /insert must be a map of pointers/,
    ],
    ['a case that comes later', `{ name: pass.b, from: pass.c, ${pass} }`, /from: no case above is named pass\.c$/],
    [
      'two looks',
      `{ name: pass.b, gathered: {}, capabilities: {}, ${pass} }`,
      /gathered and capabilities: one of them is enough/,
    ],
    [
      'what is gathered through capabilities',
      `{ name: pass.b, set: { /gathered/x: 1 }, capabilities: {}, ${pass} }`,
      /\/gathered matches nothing/,
    ],
    ['a whole and its part', `{ name: pass.b, set: { /params/x: 1 }, params: {}, ${pass} }`, /overlap/],
    ['a text', 'pass.b', /must be a map/],
  ])('is refused with its place: %s', (_, text, problem) => {
    expect(() => parse(`  - ${text}\n`)).toThrow(problem);
    expect(() => parse(`\n  # where it stands\n  - ${text}\n`)).toThrow(/^cases\.yaml:10: /);
  });

  it('is refused together with all others of its file', () => {
    expect(() => parse('  - { name: pass.b }\n  - { name: pass.c, and: 1 }\n')).toThrow(
      /^cases\.yaml:8: pass\.b: .*\ncases\.yaml:9: pass\.c: unknown key and.*\ncases\.yaml:9: pass\.c: expect is missing$/,
    );
  });

  it('is a file of another form', () => {
    expect(() => parseCases('cases: []\n', 'cases.yaml')).toThrow(/^cases\.yaml:1: must be a map of base/);
    expect(() => parseCases(`${BASE} []\nmore: 1\n`, 'cases.yaml')).toThrow(/^cases\.yaml:1: unknown key more/);
    expect(() => parseCases(`${BASE}  - name: a: b\n`, 'cases.yaml')).toThrow(/^cases\.yaml:8: /);
    expect(() => parseCases('base: { name: pass.a, expect: { outcome: pass } }\ncases: []\n', 'c.yaml')).toThrow(
      /^c\.yaml:1: pass\.a: params is missing\nc\.yaml:1: pass\.a: gathered is missing$/,
    );
  });
});
