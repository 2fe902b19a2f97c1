/** What keeps the decision from GO, one line each, worst first: who must do what. */
import type { DecidedItem, Decision } from '../../../checks/contract/decision.ts';
import { SEVERITIES, type OutcomeName } from '../../../checks/contract/outcome.ts';
import { POST_DEPLOYMENT } from '../../../checks/contract/plan.ts';
import { cutText, visibleLine } from '../../../checks/contract/visible-text.ts';
import { adviceFor, blocks, holdsWhole, plural } from '../wording.ts';
import { anchorOf } from './items.ts';
import { outcomeBadge } from './signs.ts';
import { html, type Html } from './template.ts';

/** Lines shown at once; the rest opens. */
const SHOWN = 40;
const TEXT_LIMIT = 400;
/** A person's signature comes last: it waits for everything else. */
const ORDER: readonly OutcomeName[] = ['fail', 'error', 'inconclusive', 'not-run', 'pending'];

/** Worst first: by severity, by outcome, in the checklist's order. */
export function blockersOf({ items, selected }: Decision): readonly DecidedItem[] {
  // The verification after go-live holds up nobody who did not ask for it.
  const counts = (phase: string): boolean => phase !== POST_DEPLOYMENT || selected.phases?.includes(phase) === true;
  return items
    .filter((item) => blocks(item) && counts(item.phase))
    .map((item, index) => ({ item, index }))
    .sort((a, b) => rank(a.item) - rank(b.item) || a.index - b.index)
    .map(({ item }) => item);
}

function rank({ outcome, severity }: DecidedItem): number {
  return ORDER.indexOf(outcome) * SEVERITIES.length + SEVERITIES.indexOf(severity);
}

export function blockerSection(decision: Decision): Html {
  const blockers = blockersOf(decision);
  const planned = decision.items.filter(holdsWhole).length;
  const more = blockers.slice(SHOWN);
  const unbuilt = planned > 0 && html`<p>${plural(planned, 'blocking item')} not built yet: nobody looked.</p>`;
  if (blockers.length === 0)
    return html`<p>No item that was asked for blocks.</p>
      ${unbuilt}`;
  return html`${blockerList(blockers.slice(0, SHOWN))}
  ${
    more.length > 0 &&
    html`<details>
      <summary>${more.length} more</summary>
      ${blockerList(more)}
    </details>`
  }
  ${unbuilt}`;
}

/** Also of one role's items alone. */
export function blockerList(items: readonly DecidedItem[]): Html {
  return html`<ol class="blockers">
    ${items.map(
      (item) =>
        html`<li>
          <p>
            ${outcomeBadge(item.outcome)} <span class="severity">${item.severity}</span>
            <a href="#${anchorOf('item', item.id)}">${item.id}</a> ${item.title}
            <span class="note">owner ${item.owner}</span>
          </p>
          ${whatToDo(item)}
        </li>`,
    )}
  </ol>`;
}

function whatToDo(item: DecidedItem): Html {
  const [finding] = item.findings;
  const others = item.findings.length - 1;
  const says = finding?.says ?? item.message.split('\n', 1)[0] ?? '';
  const fix = finding?.fix ?? adviceFor(item);
  return html`<p>
      ${short(says)}${others > 0 && html` <span class="note">and ${plural(others, 'more finding')}</span>`}
    </p>
    ${fix !== null && fix !== '' && html`<p class="advice">Fix: ${short(fix)}</p>`}`;
}

function short(text: string): string {
  const cut = cutText(visibleLine(text), TEXT_LIMIT);
  return cut.cut ? `${cut.text} …` : cut.text;
}
