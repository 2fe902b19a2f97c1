/** What the command line of `npx playwright test` says that changes what a run may decide. Pure: argv in, facts out. */
import { PHASES } from '../checks/contract/plan.ts';

export interface GateArguments {
  /** `test`, `test-server`, `merge-reports`, … or '' when there is none. */
  readonly command: string;
  readonly list: boolean;
  readonly ui: boolean;
  /** The reporters of the config were replaced: nobody of ours is told when a phase ends. */
  readonly reportersReplaced: boolean;
  /** As given, null when not given. */
  readonly workers: number | null;
  /** Phases named by `--project`, in their order; null when the run was not narrowed to phases. */
  readonly phases: readonly string[] | null;
  /** Names given to `--project` that match no phase. */
  readonly unknownProjects: readonly string[];
  readonly shard: string | null;
  /** Tests of a phase may be left out: what was not asked for stands as it stood. */
  readonly narrowed: boolean;
  /** Options that would let order or locks break, with the reason. */
  readonly refused: readonly string[];
}

/** Options of `playwright test` that take a value as the next word, so that the value is not taken for a command or file. */
const VALUED = new Set(
  (
    '--config -c --grep -g --grep-invert -G --global-timeout --max-failures --output --repeat-each --reporter --retries --shard ' +
    '--timeout --tsconfig --workers -j --trace --test-list --test-list-invert --ui-host --ui-port --update-snapshots --add-reporter'
  ).split(' '),
);

/** Options that leave tests out of a phase; words after `test` do, too. */
const NARROWING =
  '--grep -g --grep-invert -G --last-failed --only-changed --shard --test-list --test-list-invert'.split(' ');
const WINDOWS = ['--ui', '--ui-host', '--ui-port'];
/** Commands that run what a person picks in a window or an editor. */
const PICKING = ['test-server'];

const REFUSED: Readonly<Record<string, string>> = {
  '--shuffle': 'it would run phases out of order',
  '--repeat-each': 'it would run mutating items more than once',
};

/** What Playwright would answer with a stack trace, or take for something else. */
const FORMS: readonly (readonly [option: string, form: RegExp, example: string])[] = [
  ['--workers', /^(?:[1-9]\d*|[1-9]\d?%|100%)$/, '2 or 50%'],
  ['-j', /^(?:[1-9]\d*|[1-9]\d?%|100%)$/, '2 or 50%'],
  ['--shard', /^[1-9]\d*\/[1-9]\d*$/, '1/2'],
  ['--retries', /^\d+$/, '0'],
  ['--timeout', /^\d+$/, '60000'],
  ['--global-timeout', /^\d+$/, '600000'],
  ['--max-failures', /^\d+$/, '1'],
];

function malformed(values: ReadonlyMap<string, readonly string[]>): string[] {
  return FORMS.flatMap(([option, form, example]) =>
    (values.get(option) ?? []).flatMap((value) =>
      form.test(value) ? [] : [`${option}: "${value}" is no value for it; write for example ${option} ${example}`],
    ),
  );
}

/** Reads `process.argv.slice(2)`. */
export function parseGateArguments(argv: readonly string[]): GateArguments {
  const values = new Map<string, string[]>();
  const words: string[] = [];
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? '';
    if (word === '--') break;
    if (!word.startsWith('-')) {
      words.push(word);
      continue;
    }
    const [name, inline] = splitOption(word);
    const found = values.get(name) ?? [];
    if (inline !== null) found.push(inline);
    else if (name === '--project') {
      // Variadic: takes every word up to the next option.
      while (argv[index + 1] !== undefined && !argv[index + 1]?.startsWith('-')) found.push(argv[(index += 1)] ?? '');
    } else if (VALUED.has(name)) found.push(argv[(index += 1)] ?? '');
    values.set(name, found);
  }
  const last = (...names: string[]): string | null =>
    names.map((name) => values.get(name)?.at(-1)).find((v) => v !== undefined) ?? null;
  const projects = values.get('--project');
  const ui = WINDOWS.some((option) => values.has(option));
  const workers = last('--workers', '-j');
  return {
    command: words[0] ?? '',
    list: values.has('--list'),
    ui,
    narrowed: ui || isNarrowed(words, values),
    reportersReplaced: values.has('--reporter'),
    workers: workers === null ? null : Number.parseInt(workers, 10),
    phases: projects ? PHASES.filter((phase) => projects.some((name) => matches(name, phase))) : null,
    unknownProjects: (projects ?? []).filter((name) => !PHASES.some((phase) => matches(name, phase))),
    shard: last('--shard'),
    refused: [
      ...Object.entries(REFUSED)
        .filter(([option]) => values.has(option))
        .map(([option, why]) => `${option}: ${why}`),
      ...malformed(values),
    ],
  };
}

/** Words after the command name files. */
function isNarrowed([command = '', ...files]: readonly string[], values: ReadonlyMap<string, unknown>): boolean {
  return PICKING.includes(command) || files.length > 0 || NARROWING.some((option) => values.has(option));
}

function splitOption(word: string): [name: string, inline: string | null] {
  const equals = word.indexOf('=');
  if (equals > 0) return [word.slice(0, equals), word.slice(equals + 1)];
  // `-j2`, `-gword`: a short option with its value attached.
  if (/^-[a-zA-Z]./.test(word)) return [word.slice(0, 2), word.slice(2)];
  return [word, null];
}

/** Whether a project name, with `*` and in any case as Playwright takes it, selects the phase. */
function matches(name: string, phase: string): boolean {
  return new RegExp(`^${name.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*+/g, '.*')}$`, 'i').test(phase);
}
