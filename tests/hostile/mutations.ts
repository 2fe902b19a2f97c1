/** Seeded nonsense: the same seed gives the same input, so that a failure can be looked into. */

export interface Random {
  /** 0 … below. */
  below(limit: number): number;
  pick<T>(of: readonly T[]): T;
}

/** Mulberry32: small, quick, the same everywhere. */
export function randomOf(seed: number): Random {
  let state = seed;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
  return {
    below,
    pick(of) {
      const found = of[below(of.length)];
      if (found === undefined) throw new Error('nothing to pick from');
      return found;
    },
  };
}

const PIECES: readonly string[] = [
  ...[
    '\0',
    '\u001b[2J',
    '\u009b',
    '\u202e',
    '\u200b',
    '\ufeff',
    '\ud800',
    '\r',
    '\t',
    '\n',
    '\n\n  ',
    '---\n',
    '...\n',
    '# ',
  ],
  ...[
    '&a ',
    '*a',
    '!!js/function ',
    '<<: ',
    '? ',
    '- ',
    ': ',
    '{',
    '}',
    '[',
    ']',
    '"',
    "'",
    '|\n',
    '>\n',
    '%YAML 9\n',
    '@',
    '`',
  ],
  ...[
    '__proto__: 1\n',
    'constructor: 1\n',
    'toString: x\n',
    '1: 2\n',
    'null: null\n',
    '~',
    '.inf',
    '.nan',
    '0x7fffffffffffffff',
    '1e999',
  ],
  ...[
    '${environment.',
    '${rehearsal.x}',
    '${release}',
    '${window}',
    '}',
    '9999-12-31T23:59:59Z',
    'planned',
    '../../../etc/passwd',
  ],
  ...[
    'x'.repeat(3000),
    '['.repeat(60),
    '  '.repeat(200),
    'https://u:p@h/',
    '\\u0000',
    '"\\e[31m"',
    '0',
    '-1',
    'true',
    '2026-02-30',
  ],
];

/** A few changes anywhere: cut, doubled, moved, swapped, filled with what parsers stumble over. */
export function mutatedText(text: string, random: Random): string {
  let result = text;
  for (let change = random.below(4); change >= 0; change -= 1) {
    const at = random.below(result.length + 1);
    const to = Math.min(result.length, at + random.below(random.pick([2, 12, 200])));
    const part = result.slice(at, to);
    const instead = random.pick([
      () => '',
      () => part + part,
      () => random.pick(PIECES),
      () => random.pick(PIECES) + part,
    ])();
    result = result.slice(0, at) + instead + result.slice(to);
  }
  return result;
}

/** What even a hostile server cannot put where Kubernetes' own types promise text: a text is made of everything else. */
const UNSPEAKABLE = { toString: 1 };
const VALUES: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1e308,
    '',
    ' ',
    'NaN',
    '+Inf',
    'x'.repeat(2000),
    '\u001b[2J\u202e',
    '1e999',
    '2026-13-45T99:99:99Z',
  ],
  ...[[], [[]], [null], {}, { a: {} }, UNSPEAKABLE, { length: -1 }, { constructor: null }, ['a', 'b'], [1, '2']],
];

export const SPEAKABLE = VALUES.filter((value) => value !== UNSPEAKABLE);

/** A value of JSON in which a few members are others, lacking or doubled. */
export function mutatedJson(value: unknown, random: Random, values = VALUES): unknown {
  if (random.below(14) === 0) return random.pick(values);
  if (Array.isArray(value)) {
    return value.flatMap((member: unknown) => {
      const next = mutatedJson(member, random, values);
      return random.below(20) === 0 ? random.pick([[], [next, next]]) : [next];
    });
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]) =>
      random.below(25) === 0
        ? []
        : [[random.below(40) === 0 ? random.pick(PIECES) : name, mutatedJson(member, random, values)]],
    ),
  );
}

/** Something that must bear the input of any seed. Throws where it does not. */
export type Target = (seed: number) => Promise<void>;
