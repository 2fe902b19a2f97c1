/** What `golive new-check` writes. It compiles; its tests fail until every TODO is gone. */

export function checkTemplate(kind: string, constant: string): string {
  return `/** TODO: what this check verifies, and where its rule comes from. */
import { defineCheck, type Capabilities, type FromSchema, type JSONSchema, type Judgement } from '../../kit/define-check.ts';

const messages = {
  todo: {
    says: 'TODO {subject}: is {actual}, expected {expected}.',
    fix: 'TODO What to do about it, in the imperative.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  properties: {
    expected: { type: 'string', minLength: 1, default: 'v1', description: 'TODO What is expected.' },
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

interface Gathered {
  readonly found: readonly { readonly name: string; readonly actual: string }[];
}

export const ${constant} = defineCheck({
  meta: {
    kind: '${kind}',
    title: 'TODO The good state as a sentence',
    why: 'TODO What goes wrong in production without it.',
    sees: 'TODO What a pass has seen, and what it has not.',
    needs: ['cluster'],
    effect: 'read-only',
    params,
    messages,
  },
  permissions: () => [],
  gather,
  judge,
});

/** TODO: look through the capabilities, and throw ObservationError where it cannot be looked. */
async function gather(_: Params, { cluster }: Pick<Capabilities, 'cluster'>): Promise<Gathered> {
  const answer = await cluster.raw('/version');
  return { found: [{ name: cluster.where, actual: answer.body }] };
}

/** TODO: decide, from what was gathered alone. */
function judge({ expected }: Params, { found }: Gathered): Judgement<Id> {
  const [first, ...rest] = found;
  if (!first) return { outcome: 'inconclusive', reason: 'no-subjects', why: 'TODO There was nothing to judge.', evidence: [] };
  const evidence = [
    { type: 'table', title: 'TODO What was seen', columns: ['name', 'value'], rows: found.map(({ name, actual }) => [name, actual]) },
  ] as const;
  const findings = found
    .filter(({ actual }) => actual !== expected)
    .map(({ name, actual }) => ({ message: 'todo' as const, subject: name, data: { actual, expected } }));
  const [wrong, ...more] = findings;
  const subjects = [first.name, ...rest.map(({ name }) => name)] as const;
  return wrong
    ? { outcome: 'fail', findings: [wrong, ...more], subjects, evidence }
    : { outcome: 'pass', subjects, evidence };
}
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
