/**
 * Patches of a YAML value by pointers. A pointer is a path from the root, step by step:
 *
 * | step         | in a map   | in a list                                                                 |
 * | ------------ | ---------- | ------------------------------------------------------------------------- |
 * | `word`       | the member |                                                                           |
 * | `3`          | the member | the element of that index, counted from 0                                 |
 * | `[word]`     |            | the one element whose `name`, or else `metadata.name`, is `word`          |
 * | `[a.b=word]` |            | the one element whose member `a.b` is `word`: `[type=Ready]`, `[path=/x]` |
 * | `-`          | the member | the end, for `insert`                                                     |
 *
 * Outside brackets `~1` is a slash in a key and `~0` a tilde, as in RFC 6901; inside, both characters stand for themselves.
 *
 * Every pointer is resolved against the value as it was, and no two may overlap. So their order never matters, and an index means the
 * same element whatever is inserted or removed before it.
 */
import { isRecord } from '../contract/json.ts';

export interface Patch {
  /** Pointer → the value that stands there afterwards. A map may get a member it has not had; all above it must exist. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Pointer → elements that stand before the one it points at afterwards. */
  readonly insert: Readonly<Record<string, readonly unknown[]>>;
  /** What is no longer there afterwards. */
  readonly remove: readonly string[];
}
type Verb = keyof Patch;
type Json = Record<string, unknown>;
/** Who holds what a pointer points at, and under which key. The key of the end of a list is its length. */
type Place =
  | { readonly in: 'map'; readonly holder: Json; readonly key: string }
  | { readonly in: 'list'; readonly holder: unknown[]; readonly key: number };
interface Change {
  readonly verb: Verb;
  readonly pointer: string;
  readonly given: unknown;
  readonly place: Place;
  /** The pointer by keys and indexes alone: two ways to point at one place are one path. */
  readonly path: readonly string[];
}

/** The value patched, and the original untouched; or every reason why it cannot be. */
export function patched(original: Json, patch: Patch): { readonly value: Json; readonly problems: readonly string[] } {
  const value = structuredClone(original);
  const asked: readonly (readonly [Verb, string, unknown])[] = [
    ...Object.entries(patch.set).map(([pointer, given]) => ['set', pointer, given] as const),
    ...Object.entries(patch.insert).map(([pointer, given]) => ['insert', pointer, given] as const),
    ...patch.remove.map((pointer) => ['remove', pointer, undefined] as const),
  ];
  const found = asked.map(([verb, pointer, given]) => resolve(value, verb, pointer, structuredClone(given)));
  const changes = found.filter((one) => typeof one !== 'string');
  const problems = [...found.filter((one) => typeof one === 'string'), ...overlaps(changes)];
  if (problems.length > 0) return { value: original, problems };

  for (const { verb, place, given } of changes) {
    if (verb === 'set' && place.in === 'list') place.holder[place.key] = given;
    if (verb === 'set' && place.in === 'map') place.holder[place.key] = given;
    if (verb === 'remove' && place.in === 'map') Reflect.deleteProperty(place.holder, place.key);
  }
  const lists = changes.flatMap(({ verb, place }) => (verb !== 'set' && place.in === 'list' ? [place.holder] : []));
  for (const list of new Set(lists)) rebuild(list, changes);
  return { value, problems };
}

/** A list with all its insertions and removals at once, by the indexes that it has had. */
function rebuild(list: unknown[], changes: readonly Change[]): void {
  const at = (verb: Verb, index: number) =>
    changes.find((change) => change.verb === verb && change.place.holder === list && change.place.key === index);
  const elements: readonly unknown[][] = [...list, undefined].map((element, index) => [
    ...((at('insert', index)?.given as readonly unknown[] | undefined) ?? []),
    ...(index === list.length || at('remove', index) ? [] : [element]),
  ]);
  list.splice(0, list.length, ...elements.flat());
}

function overlaps(changes: readonly Change[]): readonly string[] {
  const within = (inner: Change, outer: Change): boolean => outer.path.every((key, at) => inner.path[at] === key);
  return changes.flatMap((one, at) =>
    changes
      .slice(at + 1)
      .filter((other) => within(one, other) || within(other, one))
      .map((other) => `${one.verb} ${one.pointer} and ${other.verb} ${other.pointer} overlap: one of them is enough`),
  );
}

/** The steps of a pointer as they are written; none when it is no pointer. */
function stepsOf(pointer: string): readonly string[] {
  const steps = pointer.match(/\/(?:\[[^\]]*\]|[^/[][^/]*)/g) ?? [];
  return steps.join('') === pointer ? steps.map((step) => step.slice(1)) : [];
}

function resolve(root: Json, verb: Verb, pointer: string, given: unknown): Change | string {
  const steps = stepsOf(pointer);
  const path: string[] = [];
  let value: unknown = root;
  let place: Place | undefined;
  for (const [at, step] of steps.entries()) {
    const walked = `/${steps.slice(0, at + 1).join('/')}`;
    const next = stepInto(value, step);
    if (typeof next === 'string') return `${verb} ${pointer}: ${walked} ${next}`;
    if (!isThere(next) && !(at === steps.length - 1 && mayBeMissing(verb, next)))
      return `${verb} ${pointer}: ${walked} matches nothing, ${membersOf(next.holder)}`;
    path.push(String(next.key));
    value = next.in === 'map' ? next.holder[next.key] : next.holder[next.key];
    place = next;
  }
  if (!place) return `${verb} ${pointer}: is no pointer, write it like /gathered/pods/[api]/ready`;
  if (verb !== 'insert') return { verb, pointer, given, place, path };
  if (place.in === 'map') return `${verb} ${pointer}: points at no element, write /- for the end of a list`;
  // Before an element is a place of its own: the element itself may change, too.
  return { verb, pointer, given, place, path: path.with(-1, `before ${place.key}`) };
}

function isThere(place: Place): boolean {
  return place.in === 'map' ? Object.hasOwn(place.holder, place.key) : place.key < place.holder.length;
}
function mayBeMissing(verb: Verb, place: Place): boolean {
  return place.in === 'map' ? verb === 'set' : verb === 'insert';
}

/** Where one step leads, or why it leads nowhere. */
function stepInto(holder: unknown, step: string): Place | string {
  if (isList(holder)) {
    const key = step === '-' ? holder.length : indexOf(holder, step);
    return typeof key === 'string' ? key : { in: 'list', holder, key };
  }
  if (!isMap(holder)) return 'matches nothing, there is no map and no list';
  if (step.startsWith('[')) return `matches nothing, there is a map: ${membersOf(holder)}`;
  return { in: 'map', holder, key: step.replace(/~1/g, '/').replace(/~0/g, '~') };
}

/** The index of the one element that a step describes, or why there is none. */
function indexOf(list: readonly unknown[], step: string): number | string {
  if (!step.startsWith('[')) {
    const index = /^\d+$/.test(step) ? Number(step) : list.length;
    return index < list.length ? index : `matches nothing, ${membersOf(list)}`;
  }
  const inside = step.slice(1, -1);
  const [, path, wanted = inside] = /^([\w.-]+)=(.*)$/s.exec(inside) ?? [];
  const matching = list.flatMap((element, index) => {
    const own = path === undefined ? nameOf(element) : memberAt(element, path);
    return own !== undefined && String(own) === wanted ? [index] : [];
  });
  const [first, ...more] = matching;
  if (first === undefined) return `matches nothing, ${membersOf(list)}`;
  return more.length === 0 ? first : `matches ${matching.length} elements, point at one of them by its index`;
}

function nameOf(element: unknown): string | number | boolean | undefined {
  return memberAt(element, 'name') ?? memberAt(element, 'metadata.name');
}

/** A text, number or boolean inside an element; undefined for everything else. */
function memberAt(element: unknown, path: string): string | number | boolean | undefined {
  const member = path.split('.').reduce<unknown>((at, key) => (isMap(at) ? at[key] : undefined), element);
  return typeof member === 'string' || typeof member === 'number' || typeof member === 'boolean' ? member : undefined;
}

/** What somebody who pointed wrongly may have meant. */
function membersOf(holder: Json | readonly unknown[]): string {
  if (isMap(holder)) return `there are ${Object.keys(holder).join(', ') || 'no members'}`;
  const names = holder.map(nameOf).filter((name) => name !== undefined);
  return names.length > 0 ? `there are [${names.join('], [')}]` : `the list has ${holder.length} elements`;
}

function isList(value: unknown): value is unknown[] {
  return Array.isArray(value);
}
function isMap(value: unknown): value is Json {
  return isRecord(value);
}
