/** How manifests are judged: each object by the schema of its kind, then all of them by the rules. */
import { decodeAs, typeOf } from '../../../k8s/semantics/objects/decode.ts';
import { DEFAULT_NAMESPACE, inventoryOf, isBuiltIn, isStrange } from '../../../k8s/semantics/objects/inventory.ts';
import { readObjects, type Place, type ReadObject } from '../../../k8s/semantics/objects/read.ts';
import { nameOf, namespaceOf, text } from '../../../k8s/semantics/shape.ts';
import type { Finding } from '../../contract/outcome.ts';
import { nameList, table } from '../../kit/evidence.ts';
import { objectSubject, subjectText, type Say, type Subject } from '../../kit/kind.ts';
import { isNamespaced } from '../../protocols/object-reader.ts';
import type { Params } from './params.ts';
import { DELEGATES, isSubject, SUBJECTS } from './rules.ts';
import { secretProblems } from './secrets.ts';

export const messages = {
  unreadable: {
    says: '{subject}: {why}, expected a Kubernetes object.',
    fix: 'Correct the file: kubectl applies none of it, or half.',
  },
  unknownField: {
    says: '{subject}: has a field {field}, which its kind does not know; expected none.',
    fix: 'Correct the name of the field or where it stands: the API server drops it without a word.',
  },
  wrongType: {
    says: '{subject}: {problem}; expected values of the types of its kind.',
    fix: 'Correct the value: the API server refuses the object.',
  },
  missing: {
    says: '{subject}: stands in no manifest, expected it to.',
    fix: 'Describe the object in the manifests, or correct what the item expects.',
  },
  breaksRule: {
    says: '{subject}: {what} ({rule})',
    fix: 'Correct the manifest: {how}.',
    also: ['kind'],
  },
  notBase64: {
    says: '{subject}: {path} is not base64, expected the encoded value.',
    fix: 'Encode the real value, or write it below stringData; a placeholder is applied as it stands, or refused.',
    also: ['rule'],
  },
  empty: {
    says: '{subject}: {path} is empty, expected a value.',
    fix: 'Fill the value in, or remove the key.',
  },
  placeholder: {
    says: '{subject}: {path} holds a placeholder or a well-known value ({rule}), expected the real value.',
    fix: 'Put the real value in from where it is kept; none belongs into a repository unless it is sealed.',
  },
} as const;

export interface SourceFile {
  readonly file: string;
  readonly text: string;
}
interface Seen {
  readonly sources: readonly SourceFile[];
  /** What each of the rules' kinds gathered from the objects; null where there was nothing for it. */
  readonly seen: readonly unknown[];
}
type Saying = Say<typeof messages>;

export function judge(params: Params, { sources, seen }: Seen, say: Saying, now: Date): void {
  const read = sources.map(({ file, text: content }) => readObjects(content, file));
  const objects = read.flatMap((one) => one.objects);
  for (const { place, why } of read.flatMap(({ unread }) => unread))
    say.fail('unreadable', place.file, { why }, { at: atOf(place) });
  const wanted = objects.filter(({ object }) => isSubject(params.rules, object));
  const places = new Map(objects.map((one) => [subjectText(subjectOf(one)), one]));
  for (const one of wanted) judgeObject(one, params, say);
  for (const name of params.expected.filter((one) => !places.has(one))) say.fail('missing', name);
  judgeRules(params, { objects, seen, places }, say, now);
  if (wanted.length === 0)
    say.unsure('no-subjects', `${nameList(params.paths)}: no ${nameList(SUBJECTS[params.rules])} is described there.`);
  say.show(
    table(
      'Manifests',
      ['object', 'place'],
      wanted.map((one) => [subjectText(subjectOf(one)), atOf(one.place)]),
    ),
  );
}

const atOf = ({ file, line, column }: Place): string => `${file}:${line}:${column}`;

function subjectOf({ object }: ReadObject): Subject {
  const kind = text(object['kind']) ?? '';
  const namespace = isNamespaced(kind) ? namespaceOf(object) || DEFAULT_NAMESPACE : undefined;
  return objectSubject(kind, { name: nameOf(object), namespace });
}

function judgeObject(one: ReadObject, { rules }: Params, say: Saying): void {
  const { object } = one;
  const subject = subjectOf(one);
  say.judged(subject);
  if (isStrange(object))
    say.unsure('unknown-value', `${subjectText(subject)}: its pods cannot be found in it.`, { subject });
  if (!isBuiltIn(object)) return;
  const { unknown, problem } = decodeAs(typeOf(object), object);
  for (const field of unknown) say.fail('unknownField', subject, { field }, { path: field, at: atOf(one.at(field)) });
  if (problem !== null) say.fail('wrongType', subject, { problem }, { at: atOf(one.place) });
  if (rules !== 'secrets' || object['kind'] !== 'Secret') return;
  const isTemplate = /\.(template|tpl|tmpl)$/.test(one.place.file);
  for (const { id, path, rule } of secretProblems(object, isTemplate))
    say.fail(id, subject, { path, rule }, { path, at: atOf(one.at(path)) });
}

/** The kinds judge as they do a cluster; what they find stands somewhere in the files. */
function judgeRules(
  { rules, version }: Params,
  {
    objects,
    seen,
    places,
  }: { readonly objects: readonly ReadObject[] } & Pick<Seen, 'seen'> & {
      readonly places: ReadonlyMap<string, ReadObject>;
    },
  say: Saying,
  now: Date,
): void {
  const inventory = inventoryOf(objects.map(({ object }) => object));
  for (const [index, { kind, paramsOf }] of DELEGATES[rules].entries()) {
    const given = paramsOf(inventory, version);
    const gathered = seen[index];
    if (given === undefined || gathered === null || gathered === undefined) continue;
    const verdict = kind.judge(given, gathered, { now });
    for (const finding of verdict.findings) sayBroken(kind.meta.kind, finding, places, say);
    for (const { reason, why, subject } of verdict.doubts) say.refused({ code: reason, message: why }, subject);
  }
}

function sayBroken(
  kind: string,
  { id, subject, path, says, fix }: Finding,
  places: ReadonlyMap<string, ReadObject>,
  say: Saying,
): void {
  const source = places.get(subjectText(subject));
  const place = source === undefined ? undefined : path === undefined ? source.place : source.at(path);
  const what = says.replace(`${subjectText(subject)}: `, '').replace(/\.$/, '');
  say.fail(
    'breaksRule',
    subject,
    { what, rule: id, how: fix.replace(/\.$/, ''), kind },
    { ...(path === undefined ? {} : { path }), ...(place === undefined ? {} : { at: atOf(place) }) },
  );
}
