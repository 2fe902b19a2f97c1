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
} from '../../kit/define-check.ts';
import { table } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { cutoverParam, happened, is, lastCutover, timeReversal, type Events } from '../log.ts';

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
    cutover: cutoverParam,
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
  gather: async (_: Params, { cutover }: Pick<Capabilities, 'cutover'>): Promise<Events> => await cutover.rehearse(),
  judge,
});

const SUBJECT = 'Rollback';

function judge({ maxDuration }: Params, events: Events): Judgement<Id> {
  const own = lastCutover(events);
  const end = own.at(-1);
  const begun = own.find(is('begun'));
  const first = own.find(is('rollback-begun'));
  const took = end?.event === 'rolled-back' && first ? Math.max(end.msToRecovery, end.ms - first.ms) : null;
  const evidence = [
    happened('The way back', own),
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
    ...(took === null
      ? []
      : [
          {
            type: 'value',
            title: 'From the first act to everything verified',
            value: took,
            unit: 'ms',
            bound: { comparison: '<=', value: durationMs(maxDuration) },
          } as const satisfies Evidence,
        ]),
  ] as const;
  const fail = (message: Id, data: NonNullable<Finding<Id>['data']>): Judgement<Id> =>
    judged<Id>([{ message, subject: SUBJECT, data }], [SUBJECT], evidence, '');
  if (end?.event === 'refused') return fail('cannotBegin', { why: end.why });
  if (end?.event === 'unfinished') return fail('unfinished', { why: end.why });
  const looks = own.filter(is('verified'));
  const inconclusive = (why: string): Judgement<Id> => ({
    outcome: 'inconclusive',
    reason: 'too-few-samples',
    why,
    evidence,
  });
  if (end?.event !== 'rolled-back' || took === null || !begun || begun.stable.length === 0 || looks.length === 0)
    return inconclusive(
      'The process that goes back told nothing of its end, or of what it goes back to and looks at. See cutover.log in the folder of the run.',
    );
  const failed = looks.filter(({ outcome }) => outcome !== 'pass');
  const findings = present<Finding<Id>>([
    ...failed.map(({ item, outcome, message }): Finding<Id> => {
      const data = { what: item, outcome, message: message === null ? '' : ` (${message})` };
      return { message: 'notAsBefore', subject: SUBJECT, data };
    }),
    // What failed may be missing from the log: a disk that is full stops nobody from going back.
    !end.verified &&
      failed.length === 0 && {
        message: 'notAsBefore',
        subject: SUBJECT,
        data: { what: 'something it looked at', outcome: 'not verified', message: '' },
      },
    took > durationMs(maxDuration) && {
      message: 'slow',
      subject: SUBJECT,
      data: { actual: formatMs(took), expected: maxDuration },
    },
  ]);
  const missing = missingOf(own);
  if (findings.length === 0 && missing !== null)
    return inconclusive(`What the log tells is not the whole way back: ${missing}.`);
  const subjects = [
    SUBJECT,
    ...begun.stable.map(({ namespace, deployment }) => `Deployment ${namespace}/${deployment}`),
  ];
  return judged<Id>(findings, subjects, evidence, '');
}

/** What the log of a way back that ended does not tell; null where it tells all of it, in its order. */
function missingOf(own: Events): string | null {
  const reversal = timeReversal(own);
  if (reversal !== null) return `it is not of one clock, ${reversal}`;
  const way = own.slice(own.findIndex(is('rollback-begun')));
  const zeroAt = way.findIndex(is('zero'));
  if (zeroAt === -1) return 'traffic is not known to be at 0 %';
  const rest = way.slice(zeroAt);
  const acts = rest.filter(is('rollback-act')).map(({ act }) => act);
  const stable = own.find(is('begun'))?.stable ?? [];
  const skipped = stable.find(
    ({ namespace, deployment }) => !acts.some((act) => act.startsWith(`Deployment ${namespace}/${deployment} `)),
  );
  if (skipped) return `Deployment ${skipped.namespace}/${skipped.deployment} was recorded and not brought back`;
  return rest.filter(is('verified')).some(({ item }) => item === 'users') ? null : 'users were not looked at';
}
