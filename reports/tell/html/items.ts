/** Every item with its evidence, and the controls that filter them. */
import type { DecidedItem, Decision } from '../../../checks/contract/decision.ts';
import { OUTCOMES, SEVERITIES } from '../../../checks/contract/outcome.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import { cutText } from '../../../checks/contract/visible-text.ts';
import type { Proof, Proofs } from '../../record/proofs.ts';
import { adviceFor, blocks, formatUtc, plural } from '../wording.ts';
import { formatMs } from '../../../checks/contract/units.ts';
import { drawAllEvidence, TEXT_LIMIT, type FileLink } from './evidence.ts';
import { groupItems, type ItemPhase } from './grouping.ts';
import { decisionBadge, outcomeBadge, OUTCOME_WORDS } from './signs.ts';
import { html, type Html, type Part } from './template.ts';

/** An id for the page's own links, `item-P1-CLU-001` or `role=data-team`: letters, digits, `_` and `-` stay, anything else becomes its code. */
export function anchorOf(kind: 'item' | 'phase' | 'role', id: string): string {
  return `${kind}${kind === 'role' ? '=' : '-'}${id.replace(/[^\w-]/gu, (character) => `.${(character.codePointAt(0) ?? 0).toString(16)}`)}`;
}

/** Finds an item's evidence file beside the page. */
export type LinkItemFile = (item: DecidedItem, path: string) => FileLink;

/** Outcomes that a reader must see without opening anything. */
const OPEN_OUTCOMES: readonly string[] = ['fail', 'error', 'inconclusive'];

export function itemList(decision: Decision, plan: Plan | null, link: LinkItemFile, proofs: Proofs): Html {
  return html`${groupItems(decision, plan).map((phase) => phaseItems(phase, link, proofs))}`;
}

function phaseItems(phase: ItemPhase, link: LinkItemFile, proofs: Proofs): Html {
  return html`<section class="phase" aria-labelledby="${anchorOf('phase', phase.id)}">
    <h3 id="${anchorOf('phase', phase.id)}">
      ${phase.title} ${phase.decided && decisionBadge(phase.decided.decision)}
    </h3>
    ${phase.sections.map(
      (section) =>
        html`<div class="group">
          <h4>${section.title}</h4>
          ${section.items.map((item) => itemArticle(item, phase, link, proofs.get(item.id)))}
        </div>`,
    )}
  </section>`;
}

function itemArticle(item: DecidedItem, phase: ItemPhase, link: LinkItemFile, proof: Proof | undefined): Html {
  const advice = adviceFor(item);
  const message = cutText(item.message, TEXT_LIMIT);
  return html`<article
    class="item"
    id="${anchorOf('item', item.id)}"
    tabindex="-1"
    data-outcome="${item.outcome}"
    data-phase="${item.phase}"
    data-severity="${item.severity}"
    data-owner="${item.owner}"
    data-blocks="${blocks(item) ? 'yes' : 'no'}"
  >
    <h5>${outcomeBadge(item.outcome)} <span class="id">${item.id}</span> <span>${item.title}</span></h5>
    ${
      item.message !== '' &&
      html`<p class="message">${message.text}${message.cut && ' … (cut; decision.json holds the whole message)'}</p>`
    }
    ${advice !== null && html`<p class="advice">What to do: ${advice}</p>`}
    ${
      item.waived &&
      html`<p class="waived">
        Waived until ${formatUtc(item.waived.expires)} by ${item.waived.approver} (${item.waived.ticket}):
        ${item.waived.reason}
      </p>`
    }
    <ul class="meta">
      ${[...metaOf(item, phase), provenBy(proof)].filter(Boolean).map((fact) => html`<li>${fact}</li>`)}
    </ul>
    ${item.evidence.length > 0 && evidenceOf(item, link)}
  </article>`;
}

function metaOf(item: DecidedItem, phase: ItemPhase): readonly Part[] {
  const ran = item.from === 'run' && item.outcome !== 'planned' && item.outcome !== 'not-run';
  return [
    item.severity,
    html`owner ${item.owner}`,
    item.reason !== undefined && item.reason !== 'does-not-conform' && item.reason !== 'not-built' && item.reason,
    item.kind !== 'planned' && item.kind,
    item.subjects > 0 && plural(item.subjects, 'subject'),
    ran && formatMs(item.durationMs),
    item.from === 'ledger' && `from run ${earlierRun(item, phase)}`,
    `checklist line ${item.source}`,
    html`<span class="place">${item.place}</span>`,
  ].filter((fact) => fact !== false);
}

/**
 * Of what must be seen it stands open. Closed evidence stands where only a browser without scripts draws it; the page's script draws it when it is
 * opened.
 */
function evidenceOf(item: DecidedItem, link: LinkItemFile): Html {
  const open = OPEN_OUTCOMES.includes(item.outcome);
  const drawn = drawAllEvidence(item.evidence, (path) => link(item, path));
  return html`<details class="proof" ${open ? html`open` : null}>
    <summary>Evidence (${item.evidence.length})<span class="hidden"> of ${item.id}</span></summary>
    ${open ? drawn : html`<noscript>${drawn}</noscript>`}
  </details>`;
}

/** A drill has shown that the item can turn red. */
function provenBy(proof: Proof | undefined): Part {
  return proof !== undefined && `proven by drill on ${formatUtc(proof.at)}: ${proof.fault}`;
}

function earlierRun(item: DecidedItem, phase: ItemPhase): string {
  return item.fromRun ?? phase.decided?.fromRun ?? '(earlier)';
}

/** Filters: hidden until the script shows them, so that without it the page is a plain list of everything. */
export function filterControls(decision: Decision): Html {
  const present = (values: readonly string[], order?: readonly string[]): readonly string[] => {
    const set = new Set(values);
    return order ? [...order.filter((value) => set.has(value))] : [...set].sort();
  };
  const { items } = decision;
  const phases = decision.phases.map(({ id, title }) => [id, title] as const);
  const outcomes = present(
    items.map(({ outcome }) => outcome),
    OUTCOMES,
  ).map((outcome) => [outcome, OUTCOME_WORDS[outcome as keyof typeof OUTCOME_WORDS].word] as const);
  const same = (values: readonly string[]): readonly (readonly [string, string])[] =>
    values.map((value) => [value, value]);
  return html`<form id="filter" role="search" aria-label="Filter the items" hidden>
      <label class="wide">Search <input type="search" name="text" autocomplete="off" spellcheck="false" /></label>
      ${choice('outcome', 'Outcome', outcomes)} ${choice('phase', 'Phase', phases)}
      ${choice(
        'severity',
        'Severity',
        same(
          present(
            items.map(({ severity }) => severity),
            SEVERITIES,
          ),
        ),
      )}
      ${choice('owner', 'Owner', same(present(items.map(({ owner }) => owner))))}
      <label class="check"><input type="checkbox" name="blocks" /> Only what blocks</label>
      <button type="reset">Clear</button>
      <button type="button" id="unfold" aria-pressed="false">Open all evidence</button>
    </form>
    <p id="count" role="status">${plural(items.length, 'item')}</p>`;
}

function choice(name: string, label: string, options: readonly (readonly [string, string])[]): Html {
  return html`<label
    >${label}
    <select name="${name}">
      <option value="">All</option>
      ${options.map(([value, word]) => html`<option value="${value}">${word}</option>`)}
    </select></label
  >`;
}
