/** What `golive new-check` writes. It compiles; its tests fail until every TODO is gone. */

export function checkTemplate(kind: string, constant: string): string {
  return `/** TODO: what this check verifies, and where its rule comes from. */
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';

export const ${constant} = kind('${kind}', {
  title: 'TODO The good state as a sentence',
  why: 'TODO What goes wrong in production without it.',
  sees: ['TODO What a pass has seen, a sentence each.'],
  not: ['TODO What it has not seen.'],
  needs: ['cluster'],
  params: {
    expected: { type: 'string', minLength: 1, default: 'v1', description: 'TODO What is expected.' },
  },
  messages: {
    todo: {
      says: 'TODO {subject}: is {actual}, expected {expected}.',
      fix: 'TODO What to do about it, in the imperative.',
    },
  },
  rights: () => [],

  /** TODO: look through the capabilities, and throw ObservationError where it cannot be looked. */
  async gather(_, { cluster }) {
    const answer = await cluster.raw('/version');
    return { found: [{ name: cluster.where, actual: answer.body }] };
  },

  /** TODO: say what was judged, seen and found, from what was gathered alone. What is unknown is a doubt. */
  judge({ expected }, { found }, say) {
    for (const { name, actual } of found) {
      say.judged(name);
      if (actual === '') say.unknown(name, 'TODO its value');
      else if (actual !== expected) say.fail('todo', name, { actual, expected });
    }
    say.show(table('TODO What was seen', ['name', 'value'], found.map(({ name, actual }) => [name, actual])));
  },
});
`;
}

/** A case of each outcome; more are welcome, and each message needs one. */
export function casesTemplate(): string {
  return `base:
  name: pass.todo
  params: {}
  gathered: { found: [] }
  expect: { outcome: pass, subjects: [TODO] }
cases:
  - name: fail.todo
    set:
      /gathered/found: []
    expect: { outcome: fail, findings: [todo], subjects: [TODO] }
  - name: inconclusive.todo
    gathered: { found: [] }
    expect: { outcome: inconclusive, doubts: [too-few-samples] }
  - name: error.todo
    capabilities:
      cluster:
        raw: { returns: { status: 200, body: '', ms: 1 } }
    expect: { outcome: error, reason: forbidden }
`;
}
