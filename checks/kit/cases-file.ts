/**
 * The cases of a kind, `cases.yaml` beside its `check.ts`. The `base` is a case written out in full, the plainest pass. Every other
 * case says how it differs from it, so that it shows what matters to it and nothing else:
 *
 *     base:
 *       name: pass.two-pods                             # starts with the outcome that it expects
 *       params: { restartWindow: 10m }                  # validated against the kind's schema, defaults filled in
 *       gathered:                                       # what `gather` would have returned
 *         node: worker-1
 *         pods:
 *           - { name: api-1, ready: true, restarts: 0 }
 *           - { name: api-2, ready: true, restarts: 0 }
 *       expect: { outcome: pass, subjects: [Pod api-1, Pod api-2] }
 *     cases:
 *       - name: fail.one-not-ready
 *         set:                                          # pointer → value, see patch.ts
 *           /gathered/pods/[api-2]/ready: false
 *         expect: { outcome: fail, findings: [notReady] }
 *       - name: fail.not-ready-and-restarted
 *         from: fail.one-not-ready                      # differs from that case, which stands above it
 *         set:
 *           /params/restartWindow: 30m
 *           /gathered/pods/[api-2]/restarts: 2
 *         insert:                                       # elements that come before that one, at the end with /-
 *           /gathered/pods/-: [{ name: api-3, ready: true, restarts: 0 }]
 *         remove: [/gathered/node]                      # what this case lacks
 *         expect: { outcome: fail, findings: [notReady, restarted] }
 *       - name: inconclusive.nothing-there
 *         why: No pod is no proof of anything.          # what a reader cannot see
 *         gathered: { pods: [] }                        # `params` and `gathered` replace the whole of the base's
 *         expect: { outcome: inconclusive, doubts: [no-subjects] }
 *       - name: error.forbidden
 *         capabilities:                                 # instead of `gathered`: what `gather` is handed
 *           cluster: { throws: { code: forbidden, message: may not list pods } }
 *         expect: { outcome: error, reason: forbidden }
 *
 * A capability may also answer by method: `{ cluster: { list: { returns: {…} }, get: { throws: {…} } } }`.
 * With `from`, `set` reaches into capabilities, too. `now: '2026-01-15T12:00:00Z'` sets the clock that `judge` sees. In `expect`,
 * `findings` are message ids and `doubts` reasons, each as often as it is found and in any order; `subjects` are all that were judged.
 * What it does not name is not compared.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { EVENT_ID, getScalarValue, load, parseEvents, YAMLException, type Event } from 'js-yaml';
import { OUTCOMES, type OutcomeName, type ReasonCode } from '../contract/outcome.ts';
import { isRecord } from '../contract/json.ts';
import { patched, type Patch } from './patch.ts';

export interface CheckCase {
  /** `fail.one-replica`. */
  readonly name: string;
  /** `file:line`. */
  readonly at: string;
  readonly params: unknown;
  readonly gathered?: unknown;
  readonly capabilities?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  readonly now?: string;
  readonly expect: Expected;
}
export interface Expected {
  readonly outcome: OutcomeName;
  /** Of an error. */
  readonly reason?: ReasonCode;
  /** Message ids. */
  readonly findings?: readonly string[];
  readonly doubts?: readonly ReasonCode[];
  /** Everything judged, by name. */
  readonly subjects?: readonly string[];
}
type Raw = Readonly<Record<string, unknown>>;

/** What is judged, or what `gather` looks through. */
const LOOKS = ['gathered', 'capabilities'];
const FILE_KEYS = ['base', 'cases'];
const BASE_KEYS = ['name', 'why', 'now', 'params', 'gathered', 'expect'];
const CASE_KEYS = [...BASE_KEYS, 'from', 'set', 'insert', 'remove', 'capabilities'];
const EXPECT_KEYS = ['outcome', 'reason', 'findings', 'doubts', 'subjects'];
/** What a case must say of its outcome, besides its name: else it would be content with any reason. */
const REASON_OF: Readonly<Record<string, keyof Expected>> = {
  error: 'reason',
  fail: 'findings',
  inconclusive: 'doubts',
};

/** The cases of the kind in a folder, its base first. Throws when one of them is no case: what cannot run proves nothing. */
export function readCases(folder: string): readonly CheckCase[] {
  const file = join(folder, 'cases.yaml');
  const shown = relative(process.cwd(), file);
  if (!existsSync(file)) throw new Error(`${shown}: there is no such file`);
  return parseCases(readFileSync(file, 'utf8'), shown);
}

/** All problems of a file are one error, a line each. */
export function parseCases(text: string, file: string): readonly CheckCase[] {
  const written = parseYaml(text, file);
  if (!isRecord(written) || !isRecord(written['base']) || !Array.isArray(written['cases']))
    throw new Error(`${file}:1: must be a map of base, a case, and cases, a list`);
  const lines = linesOf(text);
  const problems = unknownKeys(written, FILE_KEYS, '').map((problem) => `${file}:1: ${problem}`);
  const cases: CheckCase[] = [];
  for (const [index, raw] of [written['base'], ...(written['cases'] as unknown[])].entries()) {
    const at = `${file}:${lines[index] ?? 1}`;
    const { check, wrong } = readCase(raw, at, cases);
    problems.push(...wrong.map((problem) => `${at}: ${problem}`));
    if (check) cases.push(check);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return cases;
}

/** A case, whatever else is wrong with it, as soon as others can refer to it. */
function readCase(
  raw: unknown,
  at: string,
  above: readonly CheckCase[],
): { readonly check?: CheckCase; readonly wrong: readonly string[] } {
  if (!isRecord(raw)) return { wrong: ['must be a map'] };
  const { name, expect, now } = raw;
  const base = above[0];
  const form = [
    ...unknownKeys(raw, base ? CASE_KEYS : BASE_KEYS, ''),
    ...(base ? [] : ['params', 'gathered'].filter((key) => !(key in raw)).map((key) => `${key} is missing`)),
    ...(LOOKS.every((key) => key in raw) ? ['gathered and capabilities: one of them is enough'] : []),
    ...TYPES.filter(([key, , is]) => key in raw && !is(raw[key])).map(([key, what]) => `${key} must be ${what}`),
  ];
  if (typeof name !== 'string') return { wrong: [...form, 'name is missing'] };
  const twin = above.find((check) => check.name === name);
  const wrong = [
    ...form,
    ...(twin ? [`there is a case of this name already, ${twin.at}`] : []),
    ...expectProblems(name, expect),
  ].map((problem) => `${name}: ${problem}`);
  if (form.length > 0) return { wrong };

  const { from = base?.name } = raw;
  const parent = above.find((check) => check.name === from);
  if (base && !parent) return { wrong: [...wrong, `${name}: from: no case above is named ${String(from)}`] };
  const { gathered: seen, capabilities: answers } = parent ?? {};
  const inherited = {
    params: parent?.params,
    // Looked or judged: a case that brings one of the two inherits neither.
    ...(LOOKS.some((key) => key in raw) ? {} : { ...given('gathered', seen), ...given('capabilities', answers) }),
  };
  const { value, problems } = patched(inherited, patchOf(raw));
  const check = { name, at, ...value, ...given('now', now ?? parent?.now), expect } as CheckCase;
  return { check, wrong: [...wrong, ...problems.map((problem) => `${name}: ${problem}`)] };
}

const POINTERS = 'pointers below /params/, /gathered/ or /capabilities/';
const isText = (value: unknown): boolean => typeof value === 'string';
const TYPES: readonly (readonly [string, string, (value: unknown) => boolean])[] = [
  ['why', 'a text', isText],
  ['now', 'a text', isText],
  ['from', 'the name of a case', isText],
  ['set', `a map of ${POINTERS}`, (value) => isRecord(value) && Object.keys(value).every(isInside)],
  [
    'insert',
    `a map of ${POINTERS}, and a list under each`,
    (value) =>
      isRecord(value) && Object.entries(value).every(([pointer, given]) => isInside(pointer) && Array.isArray(given)),
  ],
  ['remove', `a list of ${POINTERS}`, (value) => Array.isArray(value) && value.every(isInside)],
  ['capabilities', 'a map', isRecord],
];
function given(key: string, value: unknown): Raw {
  return value === undefined ? {} : { [key]: value };
}
function isInside(pointer: unknown): boolean {
  return typeof pointer === 'string' && /^\/(params|gathered|capabilities)\/./.test(pointer);
}

/** What a case writes out is a patch, too: of the whole. */
function patchOf(raw: Raw): Patch {
  const whole = ['params', ...LOOKS].filter((key) => key in raw).map((key) => [`/${key}`, raw[key]] as const);
  const { set = {}, insert = {}, remove = [] } = raw as Partial<Patch>;
  return { set: { ...Object.fromEntries(whole), ...set }, insert, remove };
}

function expectProblems(name: string, expect: unknown): readonly string[] {
  if (!isRecord(expect)) return ['expect is missing'];
  const { outcome } = expect;
  if (!(OUTCOMES as readonly unknown[]).includes(outcome))
    return [`expect.outcome must be one of ${OUTCOMES.join(', ')}`];
  const needed = REASON_OF[String(outcome)];
  const given = needed === undefined ? undefined : expect[needed];
  return [
    ...(name.startsWith(`${String(outcome)}.`)
      ? []
      : [`the name must start with the outcome that it expects, ${String(outcome)}.`]),
    ...unknownKeys(expect, EXPECT_KEYS, 'expect.'),
    ...(needed !== undefined && (!given || (Array.isArray(given) && given.length === 0))
      ? [`expect.${needed} is missing`]
      : []),
  ];
}

function unknownKeys(map: Raw, known: readonly string[], prefix: string): readonly string[] {
  return Object.keys(map)
    .filter((key) => !known.includes(key))
    .map((key) => `unknown key ${prefix}${key}, expected one of ${known.join(', ')}`);
}

function parseYaml(text: string, file: string): unknown {
  try {
    return load(text);
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    throw new Error(`${file}:${(error.mark?.line ?? 0) + 1}: ${error.reason}`, { cause: error });
  }
}

/** The lines on which the base and each case begin. */
function linesOf(text: string): readonly number[] {
  const offsets: { base: number[]; cases: number[] } = { base: [], cases: [] };
  let depth = 0;
  let section = '';
  for (const event of parseEvents(text, {})) {
    if (event.type === EVENT_ID.POP) depth -= 1;
    else {
      // A document, its map, the list of cases, a case.
      if (depth === 2 && event.type === EVENT_ID.SCALAR) section = getScalarValue(text, event);
      else if (depth === 2 && section === 'base') offsets.base.push(startOf(event));
      else if (depth === 3 && section === 'cases') offsets.cases.push(startOf(event));
      if (event.type !== EVENT_ID.SCALAR && event.type !== EVENT_ID.ALIAS) depth += 1;
    }
  }
  return [...offsets.base, ...offsets.cases].map((offset) => text.slice(0, offset).split('\n').length);
}

function startOf(event: Event): number {
  return 'start' in event ? event.start : event.type === EVENT_ID.SCALAR ? event.valueStart : 0;
}
