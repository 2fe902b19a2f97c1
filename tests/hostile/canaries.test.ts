/** Credentials that golive was never given reach it through what other systems say: none of them may reach anybody through golive. */
import { expect, it } from 'vitest';
import type { Capabilities } from '../../checks/contract/capabilities.ts';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { Evidence } from '../../checks/contract/outcome.ts';
import { CANARIES } from '../../checks/contract/testing/canaries.ts';
import { bad, renderSections } from '../../commands/doctor/finding.ts';
import { shortened } from '../../checks/kit/evidence.ts';
import { kind, type Say } from '../../checks/kit/kind.ts';
import { createRedactor } from '../../fixtures/capabilities/redactor.ts';
import type { CapabilityHost } from '../../fixtures/capabilities/host.ts';
import { outcomeAnnotation } from '../../fixtures/outcome-note.ts';
import { runItem } from '../../fixtures/run-item.ts';
import { decide } from '../../reports/decide/decide.ts';
import { inputOf, itemOf, planOf } from '../../reports/decide/testing/inputs.ts';
import { renderSummary } from '../../reports/tell/console/summary.ts';
import { renderHtml } from '../../reports/tell/html/render.ts';
import { InvalidInput } from '../../specs/loader/problems.ts';

const plan = planOf([itemOf('P1-A-001', { kind: 'testing/scripted', timeoutMs: 5000 })]);
const messages = {
  bad: { says: '{subject}: {actual}, expected {expected}', fix: 'Look at {actual}' },
  named: { says: '{subject}: is not as it should be', fix: 'Correct it' },
} as const;
const redactor = createRedactor();
const host: CapabilityHost = {
  open: () => ({}) as Capabilities,
  environmentUid: () => Promise.resolve('uid'),
  redact: (text) => redactor.redact(text),
  close: () => Promise.resolve(),
};

/** Everything that is written of an item whose kind does this. */
async function written(act: (say: Say<typeof messages>, progress: (text: string) => void) => void): Promise<string> {
  const told: string[] = [];
  const [item] = plan.items;
  if (!item) throw new Error('the plan is empty');
  const record = await runItem({
    plan,
    item,
    kind: kind('testing/scripted', {
      title: 'It is as it should be',
      why: '',
      sees: [],
      not: [],
      needs: [],
      params: {},
      messages,
      gather: (_params, _capabilities, context) =>
        Promise.resolve((say: Say<typeof messages>) => act(say, (text) => context.progress(text))),
      judge: (_params, judged, say) => judged(say),
    }),
    openHost: () => Promise.resolve({ host, values: null }),
    now: new Date(0),
    signal: new AbortController().signal,
    attempt: 1,
    armed: undefined,
    progress: (text) => told.push(text),
    defect: () => undefined,
  });
  const decision = decide(inputOf(plan, { outcomes: [record] }));
  return [
    JSON.stringify(record),
    JSON.stringify(decision),
    JSON.stringify(outcomeAnnotation(record)),
    renderSummary(decision, plan, { width: 100_000, colour: false }),
    renderHtml(decision, plan),
    ...told,
  ].join('\n');
}

it.each(Object.entries(CANARIES))('%s appears in no output', async (_, { text, secret }) => {
  const evidence: readonly Evidence[] = [
    { type: 'text', title: text, text },
    { type: 'table', title: 'Seen', columns: ['receiver', 'address'], rows: [['a', text]] },
    { type: 'query', title: 'Asked', language: 'http', query: text, answer: text },
  ];
  const outputs = await Promise.all([
    written((say) => {
      say.judged('a');
      say.fail('bad', 'a', { actual: text, expected: text });
      say.fail('named', text);
      say.unknown('a', text);
      say.unsure('too-few-samples', text);
      say.show(...evidence);
    }),
    written(() => {
      throw new ObservationError('unreachable', `GET failed: ${text}`, { fix: `Look at ${text}` });
    }),
    written(() => {
      throw new Error(`broke at ${text}`);
    }),
    // Cut wherever it may be: half a credential is one, too.
    written((say) => {
      say.judged('a');
      for (let kept = 1; kept < text.length; kept += 7)
        say.fail('bad', 'a', { actual: shortened(text, kept), expected: '' });
    }),
    written((say, progress) => {
      progress(`looking at ${text}`);
      say.judged(text);
      say.show(...evidence);
    }),
  ]);
  const findings = [{ title: 'This machine', findings: [bad('receiver', text, text)] }];
  const place = { file: 'a.yaml', line: 1, column: 1, field: 'a' };
  outputs.push(
    JSON.stringify(findings),
    renderSections(findings, { width: 100_000, colour: false }),
    new InvalidInput([{ ...place, message: text, allowed: [text], fix: text }]).message,
  );
  const tail = secret.split(/[\n/:]/).at(-1) ?? secret;
  for (const output of outputs) {
    expect(output).not.toContain(secret);
    expect(output).not.toContain(tail);
    expect(output).not.toContain(tail.slice(0, 12));
  }
});
