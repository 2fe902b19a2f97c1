import type { CutoverEvent, CutoverEventOf } from '../../contract/cutover.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import {
  defineCheck,
  type Capabilities,
  type Evidence,
  type Finding,
  type FromSchema,
  type JSONSchema,
  type Judgement,
} from '../../define-check.ts';
import { table } from '../../support/evidence.ts';
import { judged, present } from '../../support/judged.ts';

const messages = {
  cannotBegin: {
    says: '{subject}: cannot begin ({why}), expected a way back that is free before traffic moves.',
    fix: 'Repair what it names, then run phase 4 again: no traffic has moved.',
  },
  unfinished: {
    says: '{subject}: did not reach its end ({why}), expected the whole way back to be gone.',
    fix: 'Repair what it names. In an emergency it would have stopped there, too.',
  },
  notAsBefore: {
    says: '{subject}: {what} was {outcome} after it{message}, expected pass.',
    fix: 'See that item: what the rollback is verified by must hold before the cutover begins.',
  },
  slow: {
    says: '{subject}: took {actual}, expected at most {expected}.',
    fix: 'See which act of it took so long; users wait for it in an emergency.',
  },
};
type Id = keyof typeof messages;

const params = {
  type: 'object',
  additionalProperties: false,
  required: ['cutover'],
  properties: {
    cutover: { type: 'string', minLength: 1, description: 'Item of kind cutover/weights that declares the cutover.' },
    maxDuration: duration('Longest time from the first act to everything verified.', '60s'),
  },
} as const satisfies JSONSchema;
type Params = FromSchema<typeof params>;

export const rollbackRehearsal = defineCheck({
  meta: {
    kind: 'cutover/rollback-rehearsal',
    title: 'The way back was gone once before traffic moved',
    why: 'A rollback that is tried for the first time in an emergency fails for reasons nobody thought of: a missing right, a revision that was removed, a Lease that is held.',
    sees: 'The same program that would go back during the cutover: it takes the Lease, records the revisions of the Deployments that serve, writes the weight 0, brings them to their recorded revisions, waits until they have converged, asks users’ requests and re-runs the items that verify it; all timed. Not: that the database schema of the new release suits the old one.',
    needs: ['cutover'],
    effect: 'mutating',
    mutation: 'cutover',
    params,
    messages,
  },
  permissions: () => [],
  gather: async (_: Params, { cutover }: Pick<Capabilities, 'cutover'>) => await cutover.rehearse(),
  judge,
});

const SUBJECT = 'Rollback';

function judge({ maxDuration }: Params, events: readonly CutoverEvent[]): Judgement<Id> {
  const of = <Name extends CutoverEvent['event']>(name: Name): CutoverEventOf<Name>[] =>
    events.filter((one): one is CutoverEventOf<Name> => one.event === name);
  const end = events.at(-1);
  const [begun] = of('begun');
  const [zero] = of('zero');
  const evidence = [
    table(
      'The way back',
      ['after ms', 'event', 'what'],
      events.map((event) => [event.ms, event.event, whatOf(event)]),
    ),
    table(
      'Recorded to go back to',
      ['Deployment', 'revision', 'replicas', 'ReplicaSet'],
      (begun?.stable ?? []).map(({ namespace, deployment, revision, replicas, replicaSet }) => [
        `${namespace}/${deployment}`,
        revision,
        replicas,
        replicaSet,
      ]),
    ),
    ...(end?.event === 'rolled-back'
      ? [
          {
            type: 'value',
            title: 'From the first act to everything verified',
            value: end.msToRecovery,
            unit: 'ms',
            bound: { comparison: '<=', value: durationMs(maxDuration) },
          } as const satisfies Evidence,
        ]
      : []),
  ] as const;
  const fail = (message: Id, data: NonNullable<Finding<Id>['data']>): Judgement<Id> =>
    judged<Id>([{ message, subject: SUBJECT, data }], [SUBJECT], evidence, '');
  if (end?.event === 'refused') return fail('cannotBegin', { why: end.why });
  if (end?.event === 'unfinished') return fail('unfinished', { why: end.why });
  const looks = of('verified');
  if (end?.event !== 'rolled-back' || !begun || !zero || begun.stable.length === 0 || looks.length === 0)
    return {
      outcome: 'inconclusive',
      reason: 'too-few-samples',
      why: 'The process that goes back told nothing of its end, or of what it goes back to and looks at. See cutover.log in the folder of the run.',
      evidence,
    };
  const findings = present<Finding<Id>>([
    ...looks
      .filter(({ outcome }) => outcome !== 'pass')
      .map(({ item, outcome, message }): Finding<Id> => {
        const data = { what: item, outcome, message: message === null ? '' : ` (${message})` };
        return { message: 'notAsBefore', subject: SUBJECT, data };
      }),
    end.msToRecovery > durationMs(maxDuration) && {
      message: 'slow',
      subject: SUBJECT,
      data: { actual: formatMs(end.msToRecovery), expected: maxDuration },
    },
  ]);
  const subjects = [
    SUBJECT,
    ...begun.stable.map(({ namespace, deployment }) => `Deployment ${namespace}/${deployment}`),
  ];
  return judged<Id>(findings, subjects, evidence, '');
}

function whatOf(event: CutoverEvent): string {
  switch (event.event) {
    case 'rollback-act':
      return event.act;
    case 'verified':
      return `${event.item}: ${event.outcome}`;
    case 'refused':
    case 'unfinished':
      return event.why;
    case 'rollback-begun':
      return event.reason.text;
    default:
      return '';
  }
}
