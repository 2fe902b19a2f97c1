/** Files that nobody should write: many mistakes, terminal commands, bombs. Problems come in time that grows with the file, and obey nothing. */
import { describe, expect, it } from 'vitest';
import { HIDDEN } from '../../checks/contract/visible-text.ts';
import { compilePlan } from '../../specs/loader/plan.ts';
import { readPeople } from '../../specs/loader/people/load.ts';
import { renderProblems, type Problem } from '../../specs/loader/problems.ts';
import { makeProject, phaseText, SMALL_CHECKLIST, SMALL_ENVIRONMENT } from '../../specs/loader/testing/project.ts';

const PHASE = 'specs/small/phase1.yaml';
const ENVIRONMENT = 'fixtures/environments/rehearsal.yaml';
const CHECKLIST = 'specs/small/checklist.yaml';
const WAIVERS = 'specs/small/waivers.yaml';
const ITEM = `  - id: P1-NET-001
    title: Certificates are valid
    kind: traffic/tls-certificate
    source: 118
    severity: critical
    owner: platform-team
`;

type Files = Readonly<Record<string, string>>;

function problemsOf(files: Files): readonly Problem[] {
  const project = makeProject({ [PHASE]: phaseText(ITEM), ...files });
  try {
    const compiled = compilePlan({ root: project.root, env: { GOLIVE_COMMIT: 'a'.repeat(40) } });
    const facts = { checklist: { file: CHECKLIST }, items: [{ id: 'P1-NET-001', kind: 'x' }], roles: {} };
    const people = readPeople(project.root, facts, new Date('2027-03-01T00:00:00Z'));
    return [...('problems' in compiled ? compiled.problems : []), ...people.problems, ...people.unmatched];
  } finally {
    project.remove();
  }
}

const many = (count: number, line: (index: number) => string, between = '\n'): string =>
  Array.from({ length: count }, (_, index) => line(index)).join(between);
const environment = (place: string, text: string): Files => ({
  [ENVIRONMENT]: SMALL_ENVIRONMENT.replace(place, place + text),
});

/** By the number of mistakes in it. */
const SHAPES: Readonly<Record<string, (count: number) => Files>> = {
  'unknown keys of an item': (n) => ({ [PHASE]: phaseText(`${ITEM}${many(n, (i) => `    titel${i}: 1`)}\n`) }),
  'unknown keys on one line': (n) => ({ [PHASE]: phaseText(`  - { ${many(n, (i) => `titel${i}: 1`, ', ')} }\n`) }),
  'unknown params': (n) => ({ [PHASE]: phaseText(`${ITEM}    params:\n${many(n, (i) => `      store${i}: 1`)}\n`) }),
  'keys written twice': (n) => ({ [PHASE]: `${phaseText(ITEM)}${many(n, () => 'title: x')}\n` }),
  'empty items': (n) => ({ [PHASE]: phaseText(`${many(n, () => '  - {}')}\n`) }),
  'unknown kinds': (n) => ({
    [PHASE]: phaseText(many(n / 10, (i) => ITEM.replace('001', String(1000 + i)).replace('tls-', 'tsl-'))),
  }),
  'stores with a secret': (n) => environment('stores:\n', `${many(n, (i) => `  s${i}: { password: x }`)}\n`),
  'unknown values': (n) => environment('\nmutations: [', `${many(n, (i) => `aply${i}`, ', ')}, `),
  'overrides of nothing': (n) => ({
    [ENVIRONMENT]: `${SMALL_ENVIRONMENT}overrides:\n${many(n, (i) => `  - { item: P1-NET-${1000 + i}, param: a, value: 1, why: abc }`)}\n`,
  }),
  'unknown owners': (n) => ({
    [PHASE]: phaseText(many(n / 10, (i) => ITEM.replace('platform-team', `platfrm-team${i}`))),
    [CHECKLIST]: SMALL_CHECKLIST.replace('{ platform-team', `{ ${many(n, (i) => `r${i}: x`, ', ')}, platform-team`),
  }),
  'waivers of nothing': (n) => ({
    [WAIVERS]: `apiVersion: golive/v1\nwaivers:\n${many(n, (i) => `  - { itm: P1-NET-${i} }`)}\n`,
  }),
};

describe('many mistakes', () => {
  it.each(Object.entries(SHAPES))('%s: time grows with their number, not with its square', (_, files) => {
    const ms = (count: number): number => {
      const started = process.cpuUsage();
      const text = renderProblems(problemsOf(files(count)));
      expect(text.length).toBeLessThan(2_000_000);
      const { user, system } = process.cpuUsage(started);
      return (user + system) / 1000;
    };
    ms(500);
    // Eight times as many: a square would take 64 times as long.
    expect(ms(8000)).toBeLessThan(30 * Math.max(20, ms(1000)));
  });

  it('tells the first thousand of a file, and how many more there are', () => {
    const problems = problemsOf({ [PHASE]: phaseText(`${many(40_000, () => '  - {}')}\n`) });
    expect(problems).toHaveLength(1001);
    expect(renderProblems(problems)).toContain('239000 more problems than those told here');
  });
});

describe('what could command the terminal or mislead', () => {
  const marks = ['\u001b[31m', '\u001b]0;owned\u0007', '\u009b2J', '\u202e', '\u2066', '\u200b', '\u2028', '\u{e0041}'];
  const escaped = (text: string): string =>
    Array.from(text, (c) => `\\U${(c.codePointAt(0) ?? 0).toString(16).padStart(8, '0')}`).join('');
  const places: Readonly<Record<string, (mark: string) => Files>> = {
    'a key': (mark) => ({ [PHASE]: phaseText(`${ITEM}    "${mark}x": 1\n`) }),
    'a value': (mark) => ({ [PHASE]: phaseText(ITEM.replace('critical', `"crit${mark}"`)) }),
    'a kind': (mark) => ({ [PHASE]: phaseText(ITEM.replace('traffic/', `"${mark}`).replace('certificate', 'c"')) }),
    'a param': (mark) => ({ [PHASE]: phaseText(`${ITEM}    params: { "${mark}": "${mark}" }\n`) }),
    'an environment': (mark) => environment('namespaces: { ', `"a${mark}": "${mark}", `),
    'a file name': (mark) => ({ [CHECKLIST]: SMALL_CHECKLIST.replace('phase1.yaml', `"p${mark}.yaml"`) }),
    'a role': (mark) => ({ [CHECKLIST]: SMALL_CHECKLIST.replace('{ platform', `{ "r${mark}": "${mark}", platform`) }),
    'a waiver': (mark) => ({
      [WAIVERS]: `apiVersion: golive/v1\nwaivers:\n  - { item: "P${mark}", expires: "${mark}" }\n`,
    }),
  };
  it.each(Object.entries(places))('%s', (_, files) => {
    for (const mark of marks) {
      const problems = problemsOf(files(escaped(mark)));
      const text = renderProblems(problems);
      expect(text.match(HIDDEN)).toBeNull();
      expect(problems.length).toBeGreaterThan(0);
    }
  });

  it('a control character is a problem wherever it stands', () => {
    const problems = problemsOf({
      [PHASE]: phaseText(ITEM.replace('Certificates', '"Certi\\e[2Jficates').replace('valid', 'valid"')),
    });
    expect(renderProblems(problems)).toContain(
      'specs/small/phase1.yaml:7:12: items[0].title: holds the control character ⟨U+001B⟩. Fix: Remove it.',
    );
  });
});

describe('bombs and broken files', () => {
  it.each([
    ['aliases', `a: &a [x, x]\n${many(30, (i) => `b${i}: &b${i} [*a, *a]`)}\n`, /anchor \(&\) is not allowed/],
    ['a merge key', 'a:\n  <<: { b: 1 }\n', /merge keys are not allowed/],
    ['a key twice', 'phase: 1\nphase: 2\n', /yaml:2:1: phase: the key "phase" is written twice \(first on line 1\)/],
    ['tabs', 'a:\n\tb: 1\n', /yaml:2:1: a tab is used for indentation/],
    ['NUL', 'a: 1\nb: \0\n', /yaml:2:/],
    ['deep nesting', '{a: '.repeat(5000), /nested deeper than 40 levels/],
    ['a deep list', '- '.repeat(5000), /nested deeper than 40 levels/],
    ['__proto__', '__proto__: { polluted: 1 }\n', /this key is not allowed/],
    ['constructor', 'constructor: { prototype: 1 }\n', /unknown key "constructor"/],
    ['a number as a key', '1: x\n', /unknown key "1"/],
    ['a tag', 'a: !!js/function x\n', /a tag \(!\) is not allowed/],
    ['two documents', 'a: 1\n---\nb: 1\n', /more than one document/],
    ['a huge file', 'x'.repeat(2 ** 21), /larger than 1024 KiB/],
    [
      'a long expression',
      phaseText(`${ITEM}    when: "${'('.repeat(5000)}1${')'.repeat(5000)}"\n`),
      /longer than 1000/,
    ],
    ['a long key', phaseText(`${ITEM}    ${'k'.repeat(100_000)}: 1\n`), /unknown key "k{500,}…/],
  ])('%s', (_, text, expected) => {
    for (const file of [PHASE, CHECKLIST, ENVIRONMENT, WAIVERS]) {
      const told = renderProblems(problemsOf({ [file]: text }));
      expect(told.length).toBeLessThan(100_000);
      if (file === PHASE) expect(told).toMatch(expected);
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('a byte order mark and Windows line ends change nothing', () => {
    const good = renderProblems(problemsOf({ [PHASE]: phaseText(`${ITEM}    titel: 1\n`) }));
    const dos = renderProblems(
      problemsOf({ [PHASE]: `\uFEFF${phaseText(`${ITEM}    titel: 1\n`)}`.replaceAll('\n', '\r\n') }),
    );
    expect(dos).toBe(good);
  });
});
