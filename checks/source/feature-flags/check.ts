import { at, isRecord, listAt, parseJson, textAt } from '../../contract/json.ts';
import { endpoint } from '../../contract/param-schemas.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { attempt, kind } from '../../kit/kind.ts';
import type { Capabilities, Refusal, Say } from '../../kit/kind.ts';
import { yamlDocuments } from '../../protocols/yaml.ts';
import { stateInFile, stateOfAnswer, type FlagState } from './states.ts';

const messages = {
  missing: {
    says: '{subject}: is not defined, so the default in the code applies; expected {expected}.',
    fix: 'Define the flag for this environment, or remove it from the item.',
  },
  disabled: {
    says: '{subject}: is disabled, so the default in the code applies whatever its variants say; expected {expected}.',
    fix: 'Enable the flag and give it the variant that is wanted.',
  },
  otherValue: {
    says: '{subject}: is {actual}, expected {expected}.',
    fix: 'Set the flag to what was agreed for the release, or correct the item.',
  },
  brokenVariant: {
    says: '{subject}: its default variant {variant} is none of its variants, expected {expected}.',
    fix: 'Name one of the variants.',
  },
} as const;

export const featureFlags = kind('source/feature-flags', {
  title: 'Feature flags have the states that were agreed',
  why: 'A flag left over from a test switches on for every user what nobody has released.',
  sees: [
    'The value that each named flag gives when nothing is known of the user: from a file of flagd, or from a service that speaks OFREP.',
    'A disabled flag is as one that does not exist: the default in the code applies.',
  ],
  not: ['What rules give to single users or groups.', 'Flags that the item does not name.'],
  needs: ['files', 'http'],
  required: ['expected'],
  rules: { oneOf: [{ required: ['file'] }, { required: ['service'] }] },
  params: {
    file: {
      type: 'string',
      minLength: 1,
      description:
        'A file of flagd, JSON or YAML, relative to the project: ${environment.folders.source}/flags/production.json.',
    },
    service: { ...endpoint, description: 'A service that speaks OFREP: ${environment.endpoints.NAME}.' },
    expected: {
      type: 'object',
      minProperties: 1,
      additionalProperties: { description: 'Its value: true, false, a number, a text or an object.' },
      description: 'Value of each flag, for example { new-checkout: true }.',
    },
    targeted: {
      type: 'array',
      uniqueItems: true,
      default: [],
      items: { type: 'string', minLength: 1, description: 'A flag.' },
      description: 'Flags whose rules may give other values to some users: the value of everybody else is judged.',
    },
  },
  messages,

  async gather({ file, service, expected }, { files, http }) {
    const names = Object.keys(expected);
    if (file !== undefined) {
      const content = parsed(await files.read(file));
      return { states: content === undefined ? null : names.map((name) => stateInFile(name, flagOf(content, name))) };
    }
    const states: (FlagState | { readonly name: string; readonly refusal: Refusal })[] = [];
    for (const name of names) {
      const { seen, refusal } = await attempt(() => ask(http, service as NonNullable<typeof service>, name));
      states.push(refusal ? { name, refusal } : seen);
    }
    return { states };
  },

  judge({ file, expected, targeted }, { states }, say) {
    if (states === null) return say.unsure('protocol', `${file ?? ''} is neither JSON nor YAML with flags.`);
    for (const state of states) {
      const subject = `Flag ${state.name}`;
      say.judged(subject);
      if ('refusal' in state) say.refused(state.refusal, subject);
      else judgeFlag(say, subject, state, expected[state.name], targeted.includes(state.name));
    }
    const rows = states.map((state) =>
      'refusal' in state
        ? [state.name, null, shown(expected[state.name]), null]
        : [
            state.name,
            state.state === 'value' ? shown(state.value) : state.state,
            shown(expected[state.name]),
            state.byRules === true,
          ],
    );
    say.show(table('Feature flags', ['flag', 'value', 'expected', 'rules decide'], rows));
  },
});

function judgeFlag(
  say: Say<typeof messages>,
  subject: string,
  state: FlagState,
  wanted: unknown,
  mayBeTargeted: boolean,
): void {
  const expected = shown(wanted);
  if (state.state === 'missing' || state.state === 'disabled') return say.fail(state.state, subject, { expected });
  if (state.state === 'broken') return say.fail('brokenVariant', subject, { variant: state.variant, expected });
  if (state.byRules === true && !mayBeTargeted)
    return say.unknown(subject, 'a single value: rules give one or another to whoever asks');
  if (state.state === 'code') return say.unknown(subject, 'a default, so the one in the code applies');
  if (state.state === 'unclear') return say.unknown(subject, `its value (${state.why})`);
  if (shown(state.value) !== expected) say.fail('otherValue', subject, { actual: shown(state.value), expected });
}

/** JSON with the members of objects in order. */
const shown = (value: unknown): string =>
  shortened(
    JSON.stringify(value, (_, one: unknown) =>
      isRecord(one) ? Object.fromEntries(Object.entries(one).sort(([a], [b]) => (a < b ? -1 : 1))) : one,
    ),
    300,
  );

function parsed(text: string): unknown {
  try {
    const content = parseJson(text) ?? yamlDocuments(text)[0];
    const flags = at(content, 'flags');
    return isRecord(flags) || Array.isArray(flags) ? content : undefined;
  } catch {
    return undefined;
  }
}

/** flagd takes a map by name, and a list whose members have a key. */
function flagOf(content: unknown, name: string): unknown {
  const flags = at(content, 'flags');
  if (isRecord(flags)) return Object.hasOwn(flags, name) ? flags[name] : undefined;
  return listAt(content, 'flags').find((flag) => textAt(flag, '', 'key') === name);
}

async function ask(
  http: Capabilities['http'],
  { url, caFile }: { readonly url: string; readonly caFile?: string | undefined },
  name: string,
): Promise<FlagState> {
  const answer = await http.request({
    method: 'POST',
    url: `${url.replace(/\/$/, '')}/ofrep/v1/evaluate/flags/${encodeURIComponent(name)}`,
    json: { context: {} },
    ...(caFile === undefined ? {} : { caFile }),
  });
  return stateOfAnswer(name, answer.status, parseJson(answer.body));
}
