/** The drawn signs and the words beside them: nothing is said by colour alone. */
import type { DecisionName } from '../../../checks/contract/decision.ts';
import type { OutcomeName } from '../../../checks/contract/outcome.ts';
import { html, ownMarkup, type Html } from './template.ts';

export type Tone = 'ok' | 'bad' | 'warn' | 'info' | 'muted';

/** How an outcome is named to people, and its tone. */
export const OUTCOME_WORDS: Readonly<Record<OutcomeName, { readonly word: string; readonly tone: Tone }>> = {
  pass: { word: 'Pass', tone: 'ok' },
  fail: { word: 'Fail', tone: 'bad' },
  error: { word: 'Error', tone: 'warn' },
  inconclusive: { word: 'Inconclusive', tone: 'warn' },
  pending: { word: 'Pending', tone: 'info' },
  'not-applicable': { word: 'Not applicable', tone: 'muted' },
  'not-run': { word: 'Not run', tone: 'warn' },
  planned: { word: 'Planned', tone: 'muted' },
};

/** CSS class of a decision's colours. */
export const DECISION_CLASS: Readonly<Record<DecisionName, string>> = { GO: 'go', 'NO-GO': 'nogo', HOLD: 'hold' };

const CIRCLE = '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2"/>';
const stroke = (path: string): string =>
  `<path d="${path}" fill="none" stroke="currentColor" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/>`;
/** Each sign has a shape of its own, so that it can be told apart in grey. */
const DRAWINGS: Readonly<Record<OutcomeName | 'hold', string>> = {
  pass: CIRCLE + stroke('M7 12.5l3.5 3.5L17 8.5'),
  fail:
    '<path d="M8 2h8l6 6v8l-6 6H8l-6-6V8z" fill="none" stroke="currentColor" stroke-width="2"/>' +
    stroke('M8.5 8.5l7 7m0-7l-7 7'),
  error:
    '<path d="M12 2.5L22.5 21h-21z" fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round"/>' +
    stroke('M12 9v5m0 3.4v.1'),
  inconclusive: CIRCLE + stroke('M9 9.5a3 3 0 1 1 4.2 2.7c-.8.4-1.2 1-1.2 1.9m0 3.2v.1'),
  pending: CIRCLE + stroke('M12 6.5V12l3.5 2.5'),
  'not-applicable': CIRCLE + stroke('M7.5 12h9'),
  'not-run': CIRCLE + stroke('M5.5 18.5l13-13'),
  planned:
    '<circle cx="12" cy="12" r="10" fill="none" stroke="currentColor" stroke-width="2" stroke-dasharray="3.1 3.2"/>',
  hold: CIRCLE + stroke('M9.3 8v8m5.4-8v8'),
};

/** Defines every sign once; `sign()` refers to them. */
export function signDefinitions(): Html {
  const symbols = Object.entries(DRAWINGS).map(
    ([name, drawing]) => `<symbol id="sign-${name}" viewBox="0 0 24 24">${drawing}</symbol>`,
  );
  return ownMarkup(`<svg width="0" height="0" aria-hidden="true" class="defs">${symbols.join('')}</svg>`);
}

export function sign(name: OutcomeName | 'hold'): Html {
  return ownMarkup(
    `<svg class="sign" width="24" height="24" aria-hidden="true" focusable="false"><use href="#sign-${name}"/></svg>`,
  );
}

/** Sign and word of an outcome. A name no contract knows is shown as it came, as a warning. */
export function outcomeBadge(outcome: OutcomeName): Html {
  const known = Object.hasOwn(OUTCOME_WORDS, outcome);
  const { word, tone } = known ? OUTCOME_WORDS[outcome] : { word: outcome, tone: 'warn' };
  return html`<span class="badge ${tone}">${sign(known ? outcome : 'error')} ${word}</span>`;
}

/** Sign and word of a decision; `null` is a phase that nobody decided. */
export function decisionBadge(decision: DecisionName | null): Html {
  if (decision === null) return html`<span class="badge muted">${sign('planned')} Not decided</span>`;
  return html`<span class="decision ${DECISION_CLASS[decision]}">${decisionSign(decision)} ${decision}</span>`;
}

export function decisionSign(decision: DecisionName): Html {
  return sign(({ GO: 'pass', 'NO-GO': 'fail', HOLD: 'hold' } as const)[decision]);
}
