/** What of another environment is left in a rendered object: forbidden words, placeholders, tags. Values of Secrets are not looked at. */
import { containersOf } from '../../../k8s/semantics/pod-security.ts';
import { at, isRecord, listAt, textAt } from '../../contract/json.ts';

type Json = Readonly<Record<string, unknown>>;
export interface Leftover {
  readonly id: 'leftover' | 'placeholder' | 'patchLeft' | 'otherTag';
  /** Path into the object. */
  readonly place: string;
  readonly data: Readonly<Record<string, string>>;
}
interface Wanted {
  readonly forbidden: readonly string[];
  /** Whole values that are meant. */
  readonly allowed: readonly string[];
  /** Tags by repository. */
  readonly images: Readonly<Record<string, string>>;
}
interface Value {
  readonly path: readonly (string | number)[];
  /** What it is called: a key, or the name of the variable whose value it is. */
  readonly name: string;
  readonly text: string;
}

export function leftovers(object: Json, all: readonly Json[], wanted: Wanted): readonly Leftover[] {
  const values = valuesIn(object, [], object['kind'] === 'Secret' ? ['data', 'stringData'] : []);
  const judged = values.filter(({ text }) => !wanted.allowed.includes(text));
  const undefinedNames = undefinedIn(object, all);
  return [
    ...judged.flatMap((value) => [...wordsIn(value, wanted.forbidden), ...placeholdersIn(value)]),
    ...undefinedNames
      .filter(({ text }) => !wanted.allowed.includes(text))
      .map(({ place, name }) => placeholder(place, `$(${name}), which nothing in its container defines`)),
    ...values.flatMap((value) => tagOf(value, wanted.images)),
    ...patchKeys(object, ''),
  ];
}

const placeholder = (place: string, what: string): Leftover => ({ id: 'placeholder', place, data: { what } });
const shown = (path: readonly (string | number)[]): string =>
  path
    .map((step) => (typeof step === 'number' ? `[${step}]` : /^\w+$/.test(step) ? `.${step}` : `["${step}"]`))
    .join('')
    .replace(/^\./, '');

function valuesIn(
  value: unknown,
  path: readonly (string | number)[],
  but: readonly string[],
  name = '',
): readonly Value[] {
  if (typeof value === 'string') return [{ path, name, text: value }];
  if (Array.isArray(value)) return value.flatMap((one: unknown, index) => valuesIn(one, [...path, index], [], name));
  if (!isRecord(value)) return [];
  // `{name: LOG_LEVEL, value: debug}` is called LOG_LEVEL.
  const called = 'value' in value ? textAt(value, '', 'name') : '';
  return Object.entries(value)
    .filter(([key]) => !but.includes(key))
    .flatMap(([key, one]) => valuesIn(one, [...path, key], [], key === 'value' && called !== '' ? called : key));
}

/** Who owns something is no environment: `team: development-team`. */
const OWNER = /(?:team|owner|contact|squad|maintainer|managed-by|description|documentation|summary|runbook)\w*$/i;

function wordsIn({ path, name, text }: Value, forbidden: readonly string[]): readonly Leftover[] {
  if (OWNER.test(name)) return [];
  return forbidden
    .filter((word) => isWordIn(text, word))
    .map((word) => ({ id: 'leftover', place: shown(path), data: { word } }) as const);
}

/** Between signs, or at either end; `devices` and `developer` are not `dev`. Under /dev/ are devices. */
function isWordIn(text: string, word: string): boolean {
  const escaped = word.replace(/[.]/g, '\\.');
  const form = new RegExp(`(?<![A-Za-z0-9])${escaped}(?![A-Za-z0-9])`, 'i');
  return form.test(text.replace(/(^|[\s=:"'])\/dev\/[\w/-]+/g, '$1'));
}

/** In a text of several lines they may belong to a script, a template or a rule that is filled in later; in a command to its shell. */
function placeholdersIn({ path, text }: Value): readonly Leftover[] {
  const value = text.trim();
  const place = shown(path);
  if (value.includes('\n') || path.includes('command') || path.includes('args')) return [];
  const braces = /\$\{[A-Za-z_][\w.]*\}/.exec(value)?.[0];
  if (braces !== undefined) return [placeholder(place, braces)];
  if (
    /\{\{-?\s*(?:\.(?:Values|Release|Chart|Capabilities|Files)\b|(?:include|template|tpl|toYaml|if|range|with)\s)/.test(
      value,
    )
  )
    return [placeholder(place, 'an expression of a Helm template')];
  if (/^<[^<>\s][^<>]*>$/.test(value)) return [placeholder(place, 'text in angle brackets')];
  const word =
    /^(?:change[-_ ]?me|replace[-_ ]?me|fill[-_ ]?me(?:[-_ ]in)?|todo|tbd|fixme|xxx+|your[-_ ][\w-]+|placeholder)$/i.exec(
      value,
    )?.[0];
  return word === undefined ? [] : [placeholder(place, word)];
}

/** Names that the kubelet sets for each Service of the namespace. */
const SERVICE_VARIABLE = /_(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)\w*)?)$/;

/** `$(NAME)` in the environment, command and arguments of containers, where no variable above defines it. */
function undefinedIn(
  object: Json,
  all: readonly Json[],
): readonly { readonly place: string; readonly name: string; readonly text: string }[] {
  const [spec, path] = podSpecOf(object);
  return containersOf(spec, path).flatMap(({ fields, path: container }) => {
    const variables = listAt(fields, 'env');
    const names = variables.map((variable) => textAt(variable, '', 'name'));
    const given = fromMaps(fields, all);
    // What comes from a map that is not rendered here may define anything.
    if (given === undefined) return [];
    const open = (text: string, known: readonly string[]): readonly string[] =>
      [...text.replaceAll('$$', '').matchAll(/\$\(([A-Za-z_][\w.-]*)\)/g)]
        .map(([, name = '']) => name)
        .filter((name) => !known.includes(name) && !given.includes(name) && !SERVICE_VARIABLE.test(name));
    const inEnv = variables.flatMap((variable, index) => {
      const text = textAt(variable, '', 'value');
      return open(text, names.slice(0, index)).map((name) => ({
        place: `${container}.env[${index}] (${names[index] ?? ''})`,
        name,
        text,
      }));
    });
    const inCommands = ['command', 'args'].flatMap((field) =>
      listAt(fields, field).flatMap((text, index) =>
        typeof text === 'string' && !isShell(fields)
          ? open(text, names).map((name) => ({ place: `${container}.${field}[${index}]`, name, text }))
          : [],
      ),
    );
    return [...inEnv, ...inCommands];
  });
}

/** In a shell `$(name)` runs a command. */
const isShell = (fields: unknown): boolean =>
  [...listAt(fields, 'command'), ...listAt(fields, 'args')].some(
    (one) => typeof one === 'string' && /(?:^|\/)(?:ba|da|a|z)?sh$/.test(one),
  );

function podSpecOf(object: Json): readonly [unknown, string] {
  const places = [
    ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
    ['spec', 'template', 'spec'],
    ...(object['kind'] === 'Pod' ? [['spec']] : []),
  ];
  const found = places.find((path) => isRecord(at(object, ...path)));
  return found ? [at(object, ...found), found.join('.')] : [undefined, ''];
}

/** Keys of the maps that a container takes its whole environment from; undefined where one of them is not among the objects. */
function fromMaps(fields: unknown, all: readonly Json[]): readonly string[] | undefined {
  const keys: string[] = [];
  for (const source of listAt(fields, 'envFrom')) {
    const kind = isRecord(at(source, 'configMapRef')) ? 'ConfigMap' : 'Secret';
    const name = textAt(source, '', kind === 'ConfigMap' ? 'configMapRef' : 'secretRef', 'name');
    const map = all.find((object) => object['kind'] === kind && textAt(object, '', 'metadata', 'name') === name);
    if (!map) return undefined;
    const prefix = textAt(source, '', 'prefix');
    const data = { ...(at(map, 'data') as Json | undefined), ...(at(map, 'stringData') as Json | undefined) };
    keys.push(...Object.keys(data).map((key) => `${prefix}${key}`));
  }
  return keys;
}

function tagOf({ path, text }: Value, images: Readonly<Record<string, string>>): readonly Leftover[] {
  if (path.at(-1) !== 'image') return [];
  return Object.entries(images).flatMap(([repository, expected]) => {
    const rest = text.startsWith(repository) ? text.slice(repository.length) : 'of another repository';
    if (rest !== '' && !/^[:@]/.test(rest)) return [];
    const tag = /^:([^@]+)/.exec(rest)?.[1] ?? '';
    return tag === expected ? [] : [{ id: 'otherTag', place: shown(path), data: { actual: text, expected } } as const];
  });
}

/** `$patch` and its like vanish when they are rendered. */
function patchKeys(value: unknown, path: string): readonly Leftover[] {
  if (Array.isArray(value)) return value.flatMap((one: unknown, index) => patchKeys(one, `${path}[${index}]`));
  if (!isRecord(value)) return [];
  return Object.entries(value).flatMap(([key, one]) => [
    ...(/^\$(?:patch|retainKeys|setElementOrder\/.*|deleteFromPrimitiveList\/.*)$/.test(key)
      ? [{ id: 'patchLeft', place: `${path}.${key}`.replace(/^\./, ''), data: {} } as const]
      : []),
    ...patchKeys(one, `${path}.${key}`.replace(/^\./, '')),
  ]);
}
