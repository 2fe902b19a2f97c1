import { incidentSchema } from '../../contract/notify-schemas.ts';
import type { IncidentStep, ReadIncident } from '../../contract/notify.ts';
import { duration } from '../../contract/param-schemas.ts';
import { durationMs, formatMs } from '../../contract/units.ts';
import { table } from '../../kit/evidence.ts';
import { kind } from '../../kit/kind.ts';

const DONE: readonly IncidentStep['state'][] = ['arrived', 'posted', 'ready', 'resolved'];

export const incidentDrill = kind('people/incident-drill', {
  title: 'The emergency procedure has been drilled',
  why: 'A plan that has never been carried out is found incomplete by the incident that needs it.',
  sees: [
    'The latest signed record of golive incident --drill in this environment, and its receipts: the bridge told on each channel, the page read back and resolved, the way to take traffic back.',
  ],
  not: ['Whether those who were told knew what to do.'],
  needs: ['incidents'],
  params: {
    incident: incidentSchema,
    maxAge: duration('How old the drill may be.', '30d'),
  },
  required: ['incident'],
  messages: {
    noDrill: {
      says: '{subject}: has no drill that came to its end, expected one within {maxAge}.',
      fix: 'Run golive incident --drill in this environment.',
    },
    old: {
      says: '{subject}: was drilled {age} ago, expected {maxAge} at most.',
      fix: 'Run golive incident --drill again.',
    },
    stepFailed: {
      says: '{subject}: {step} of the drill was {state} ({detail}), expected a receipt.',
      fix: 'Repair the channel, then run golive incident --drill again.',
    },
    stepMissing: {
      says: '{subject}: the drill has no step {step}, expected one.',
      fix: 'Run golive incident --drill again: the procedure has changed since.',
    },
  },

  gather: (_, { incidents }) => incidents.list(),

  judge({ incident, ...params }, read, say, now) {
    const maxAge = durationMs(params.maxAge);
    const subject = 'The emergency procedure';
    const latest = read.findLast(({ record }) => record.drill && record.endedAt !== null);
    say.judged(subject);
    if (!latest) return say.fail('noDrill', subject, { maxAge: formatMs(maxAge) });
    const { record, refused } = latest;
    const age = now.getTime() - Date.parse(record.endedAt ?? '');
    if (refused !== undefined)
      say.unsure('no-positive-control', `The record of the drill ${record.id} ${refused}: nobody vouches for it.`, {
        subject,
      });
    if (age > maxAge) say.fail('old', subject, { age: formatMs(age), maxAge: formatMs(maxAge) });
    for (const { step, on } of wanted(incident)) {
      const name = on === '' ? step : `${step} on ${on}`;
      const done = record.steps.find((one) => one.step === step && (on === '' || one.on === on));
      say.judged(`Step ${name}`);
      if (!done) say.fail('stepMissing', `Step ${name}`, { step: name });
      else if (!DONE.includes(done.state))
        say.fail('stepFailed', `Step ${name}`, { step: name, state: done.state, detail: done.detail });
    }
    say.show(stepsTable(latest));
  },
});

/** What the procedure, as it is declared now, must have shown. */
function wanted(incident: {
  readonly page: string;
  readonly announce: readonly string[];
}): readonly Pick<IncidentStep, 'step' | 'on'>[] {
  const told = incident.announce.map((on) => ({ step: 'bridge', on }) as const);
  return [
    { step: 'stop-cutover', on: '' },
    ...told,
    { step: 'page', on: incident.page },
    { step: 'resolve', on: incident.page },
  ];
}

const stepsTable = ({ record, by = 'nobody' }: ReadIncident) =>
  table(
    `Drill ${record.id}, signed by ${by}`,
    ['step', 'on', 'state', 'detail', 'at'],
    record.steps.map(({ step, on, state, detail, at }) => [step, on, state, detail, at]),
  );
