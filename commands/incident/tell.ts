/** What `golive incident` says to the person at the terminal: what is done, and what to do next. */
import type { IncidentRecord } from '../../checks/contract/notify.ts';
import { visibleText } from '../../checks/contract/visible-text.ts';
import type { IncidentMeans } from './means.ts';

const STEPS: Readonly<Record<IncidentRecord['steps'][number]['step'], string>> = {
  decide: 'decided',
  'stop-cutover': 'traffic',
  bridge: 'told',
  page: 'paged',
  contact: 'reached',
  resolve: 'resolved',
};

/** The steps and their receipts, then bridge, runbook and whom to call. */
export function incidentText(
  record: IncidentRecord,
  { plan, contacts }: Pick<IncidentMeans, 'plan' | 'contacts'>,
): string {
  const steps = record.steps.map(
    ({ step, on, state, detail }) => `  ${STEPS[step].padEnd(9)} ${on.padEnd(22)} ${state}: ${detail}`,
  );
  const calls = contacts.map(({ name, role, phone }) => `  ${phone}  ${name} (${role})`);
  const close = record.drill ? [] : ['', `When it is over: golive incident --resolve ${record.id}`];
  const title = record.drill ? 'Drill of the emergency procedure' : 'Incident';
  const lines = [
    `${title} ${record.id}: ${record.summary}`,
    ...steps,
    '',
    `Bridge:  ${plan.bridge}`,
    `Runbook: ${plan.runbook}`,
    ...(calls.length > 0 ? ['Call:', ...calls] : []),
    ...close,
  ];
  return visibleText(lines.join('\n'));
}
