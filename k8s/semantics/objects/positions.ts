/** Where each key and value of a YAML document stands, by JSON pointer, and what the document may not contain. */
import { EVENT_ID, getScalarValue, SCALAR_STYLE, type Event, type ScalarEvent } from 'js-yaml';

/** Offsets into the text. A member of a list has no key. */
export interface Offsets {
  readonly key?: number;
  readonly value: number;
}
/** Something refused that the parser would let through. */
export interface Refusal {
  readonly offset: number;
  readonly pointer: string;
  readonly message: string;
  readonly fix: string;
}
export interface Positions {
  readonly offsets: ReadonlyMap<string, Offsets>;
  readonly refusals: readonly Refusal[];
}

interface Frame {
  readonly pointer: string;
  readonly keys: Map<string, number> | null;
  index: number;
  pending: { pointer: string; offset: number } | null;
}

/** Escapes one step of a JSON pointer (RFC 6901). */
export function pointerStep(step: string | number): string {
  const text = String(step);
  // Nearly every step of a large file: what is not needed is not done.
  if (!text.includes('~') && !text.includes('/')) return `/${text}`;
  return `/${text.replace(/~/g, '~0').replace(/\//g, '~1')}`;
}

/** The steps of a JSON pointer; none of the empty one. */
export function pointerSteps(pointer: string): readonly string[] {
  return pointer
    .split('/')
    .slice(1)
    .map((step) => step.replace(/~1/g, '/').replace(/~0/g, '~'));
}

/** Walks the parser's events once. */
export function positionsOf(
  text: string,
  events: readonly Event[],
  lineOf = (offset: number): number => text.slice(0, offset).split('\n').length,
): Positions {
  const offsets = new Map<string, Offsets>();
  const refusals: Refusal[] = [];
  const frames: (Frame | null)[] = [];

  const refuse = (offset: number, pointer: string, message: string, fix: string): void => {
    refusals.push({ offset, pointer, message, fix });
  };
  /** Pointer of the value that starts now, and its key's offset. */
  const place = (): { pointer: string; key?: number } => {
    const top = frames.at(-1);
    if (!top) return { pointer: '' };
    if (top.keys === null) return { pointer: top.pointer + pointerStep(top.index++) };
    if (!top.pending) return { pointer: top.pointer };
    const { pointer, offset } = top.pending;
    top.pending = null;
    return { pointer, key: offset };
  };
  const expectsKey = (): Frame | null => {
    const top = frames.at(-1);
    return top?.keys && !top.pending ? top : null;
  };
  const takeKey = (frame: Frame, event: ScalarEvent): void => {
    const offset = scalarOffset(event) ?? 0;
    const name = getScalarValue(text, event);
    const pointer = frame.pointer + pointerStep(name);
    const first = frame.keys?.get(name);
    if (first !== undefined) {
      refuse(
        offset,
        pointer,
        `the key "${name}" is written twice (first on line ${lineOf(first)})`,
        'Remove one of the two',
      );
    }
    if (name === '<<') refuse(offset, pointer, 'merge keys are not allowed', 'Write the values out');
    if (name === '__proto__') refuse(offset, pointer, 'this key is not allowed', 'Choose another name');
    frame.keys?.set(name, offset);
    frame.pending = { pointer, offset };
  };

  const refuseAnchorAndTag = (
    event: Exclude<Event, { type: typeof EVENT_ID.DOCUMENT | typeof EVENT_ID.POP }>,
  ): void => {
    if (event.anchorStart >= 0) {
      const what = event.type === EVENT_ID.ALIAS ? 'an alias (*)' : 'an anchor (&)';
      refuse(event.anchorStart - 1, pointerNow(frames), `${what} is not allowed`, 'Write the value out');
    }
    if (event.type !== EVENT_ID.ALIAS && event.tagStart >= 0)
      refuse(
        event.tagStart,
        pointerNow(frames),
        'a tag (!) is not allowed',
        'Remove it; quote the value to make it text',
      );
  };

  for (const event of events) {
    if (event.type === EVENT_ID.DOCUMENT) {
      frames.push(null);
      continue;
    }
    if (event.type === EVENT_ID.POP) {
      frames.pop();
      continue;
    }
    refuseAnchorAndTag(event);
    const keyFrame = expectsKey();
    if (keyFrame && event.type === EVENT_ID.SCALAR) {
      takeKey(keyFrame, event);
      continue;
    }
    if (keyFrame) {
      const offset = 'start' in event ? event.start : event.anchorStart;
      refuse(offset, keyFrame.pointer, 'a key must be text', 'Write the key as a word');
      keyFrame.pending = { pointer: `${keyFrame.pointer}/?`, offset };
      if (event.type === EVENT_ID.ALIAS) continue;
      frames.push({
        pointer: `${keyFrame.pointer}/?`,
        keys: event.type === EVENT_ID.MAPPING ? new Map() : null,
        index: 0,
        pending: null,
      });
      continue;
    }
    const { pointer, key } = place();
    const own =
      event.type === EVENT_ID.SCALAR
        ? scalarOffset(event)
        : event.type === EVENT_ID.ALIAS
          ? event.anchorStart - 1
          : event.start;
    offsets.set(pointer, { ...(key === undefined ? {} : { key }), value: own ?? key ?? 0 });
    if (event.type === EVENT_ID.MAPPING) frames.push({ pointer, keys: new Map(), index: 0, pending: null });
    if (event.type === EVENT_ID.SEQUENCE) frames.push({ pointer, keys: null, index: 0, pending: null });
  }
  // An alias needs an anchor: where anchors are refused, every use of them need not be.
  const anchored = refusals.some(({ message }) => message.startsWith('an anchor'));
  return { offsets, refusals: refusals.filter(({ message }) => !anchored || !message.startsWith('an alias')) };
}

/** Start of a scalar as it is written, quotes included; undefined for an empty one. */
function scalarOffset(event: ScalarEvent): number | undefined {
  if (event.valueStart < 0) return undefined;
  const quoted = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED;
  return quoted ? event.valueStart - 1 : event.valueStart;
}

function pointerNow(frames: readonly (Frame | null)[]): string {
  const top = frames.at(-1);
  return top?.pending?.pointer ?? top?.pointer ?? '';
}
