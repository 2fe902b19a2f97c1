/** The page's parts above and below the items. */
import type { DecidedPhase, Decision, DecisionReason } from '../../../checks/contract/decision.ts';
import { OUTCOMES } from '../../../checks/contract/outcome.ts';
import type { RunOrigin } from '../../../checks/contract/run.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import { approvalOf, exitAnswer, formatUtc, meansOf, plural } from '../wording.ts';
import { anchorOf } from './items.ts';
import { DECISION_CLASS, decisionBadge, decisionSign, OUTCOME_WORDS } from './signs.ts';
import { scrollTable } from './tables.ts';
import { html, type Html } from './template.ts';

/** Ids named one by one under a reason; more of them fold into a list that opens. */
const NAMED_ITEMS = 8;

export function banner(decision: Decision, plan: Plan | null): Html {
  const { release, environment } = decision;
  return html`<section class="banner ${DECISION_CLASS[decision.decision]}" aria-labelledby="decision">
      <h1 id="decision">${decisionSign(decision.decision)} ${decision.decision}</h1>
      <p class="what">${release.name} ${release.version} on ${environment.name}</p>
      <p>${meansOf(decision.decision, decision, null)}</p>
    </section>
    ${
      plan?.environment.rehearsal === true &&
      html`<p class="notice">
        <strong>A rehearsal on one machine.</strong> It shows that the checklist can be passed; it says nothing about
        production.
      </p>`
    }
    ${
      plan === null &&
      html`<p class="notice">
        <strong>The run’s plan was not found.</strong> Headings and roles of the checklist are missing from this page;
        the decision is complete.
      </p>`
    }
    <dl class="answers">
      <div>
        <dt>With waivers</dt>
        <dd>${decisionBadge(decision.decision)}</dd>
      </div>
      <div>
        <dt>Without waivers</dt>
        <dd>${decisionBadge(decision.decisionWithoutWaivers)}</dd>
      </div>
      <div>
        <dt>Readiness <small>(sign-offs and approvals left out)</small></dt>
        <dd>${decisionBadge(decision.readiness)}</dd>
      </div>
      <div>
        <dt>Answer of this run</dt>
        <dd>${decisionBadge(decision.selected.decision)} <span>${exitAnswer(decision).text}</span></dd>
      </div>
    </dl>`;
}

/** Decision → phases → reasons → items. */
export function reasonTree(decision: Decision): Html {
  const whole = decision.reasons.filter((reason) => reason.phase === undefined);
  const phases = decision.phases
    .map((phase) => ({ phase, reasons: reasonsOf(phase, decision.reasons) }))
    .filter(({ reasons }) => reasons.length > 0);
  if (whole.length === 0 && phases.length === 0) {
    const waived = decision.items.some((item) => item.waived !== null);
    return html`<p>${waived ? 'What stands against going live is waived.' : 'Nothing stands against going live.'}</p>`;
  }
  return html`<ul class="tree">
    ${whole.map((reason) => html`<li>${reasonLine(reason)}</li>`)}
    ${phases.map(
      ({ phase, reasons }) =>
        html`<li>
          ${decisionBadge(phase.decision)} <a href="#${anchorOf('phase', phase.id)}">${phase.title}</a>
          <ul>
            ${reasons.map((reason) => html`<li>${reasonLine(reason)}</li>`)}
          </ul>
        </li>`,
    )}
  </ul>`;
}

/** A phase's own reasons and those the whole gives for it, each once. */
function reasonsOf(phase: DecidedPhase, whole: readonly DecisionReason[]): readonly DecisionReason[] {
  const all = [...phase.reasons, ...whole.filter((reason) => reason.phase === phase.id)];
  return [...new Map(all.map((reason) => [`${reason.code}\n${reason.text}`, reason])).values()];
}

function reasonLine(reason: DecisionReason): Html {
  const items = reason.items ?? [];
  const links = items.map((id) => html`<li><a href="#${anchorOf('item', id)}">${id}</a></li>`);
  return html`${reason.text} <code class="code">${reason.code}</code> ${
      items.length > 0 &&
      items.length <= NAMED_ITEMS &&
      html`<ul class="ids">
        ${links}
      </ul>`
    }
    ${
      items.length > NAMED_ITEMS &&
      html`<details>
        <summary>${plural(items.length, 'item')}</summary>
        <ul class="ids">
          ${links}
        </ul>
      </details>`
    }`;
}

export function phaseList(decision: Decision): Html {
  return html`<ol class="phases">
    ${decision.phases.map(
      (phase) =>
        html`<li>
          <p class="head">
            ${decisionBadge(phase.decision)} <a href="#${anchorOf('phase', phase.id)}">${phase.title}</a>
          </p>
          <p class="counts">${countsOf(phase)}</p>
          <p class="note">
            ${
              phase.decision !== null &&
              html`Without waivers ${phase.decisionWithoutWaivers ?? 'not decided'}, readiness
              ${phase.readiness ?? 'not decided'}. `
            }${standsFrom(phase)}
          </p>
        </li>`,
    )}
  </ol>`;
}

function standsFrom(phase: DecidedPhase): string {
  if (phase.from === 'run') return 'Judged in this run.';
  if (phase.from === 'ledger') return `Stands from the earlier run ${phase.fromRun ?? '(unnamed)'}.`;
  return 'Not asked for in this run, and no earlier run decided it.';
}

function countsOf(phase: DecidedPhase): string {
  const counts = OUTCOMES.filter((outcome) => phase.counts[outcome] > 0).map(
    (outcome) => `${phase.counts[outcome]} ${OUTCOME_WORDS[outcome].word.toLowerCase()}`,
  );
  return counts.length > 0 ? counts.join(', ') : 'no items';
}

export function warningList(warnings: readonly string[]): Html {
  return html`<ul>
    ${warnings.map((warning) => html`<li>${warning}</li>`)}
  </ul>`;
}

export function waiverTable(decision: Decision): Html {
  const waived = decision.items.filter((item) => item.waived !== null);
  if (waived.length === 0) return html`<p>No waiver is in force.</p>`;
  return scrollTable(
    'Waivers in force',
    ['Item', 'Outcome', 'Reason', 'Approver', 'Ticket', 'Expires'],
    waived.map((item) => [
      html`<a href="#${anchorOf('item', item.id)}">${item.id}</a>`,
      item.outcome,
      item.waived?.reason ?? '',
      item.waived?.approver ?? '',
      item.waived?.ticket ?? '',
      formatUtc(item.waived?.expires ?? ''),
    ]),
  );
}

export function overrideTable(decision: Decision): Html {
  if (decision.overrides.length === 0) return html`<p>No parameter is changed in this environment.</p>`;
  return scrollTable(
    'Overrides in force',
    ['Item', 'Parameter', 'Value', 'Why', 'Approved by'],
    decision.overrides.map((override) => [
      html`<a href="#${anchorOf('item', override.item)}">${override.item}</a>`,
      override.param,
      typeof override.value === 'string' ? override.value : JSON.stringify(override.value),
      override.why,
      approvalOf(override),
    ]),
  );
}

export function runFacts(decision: Decision, plan: Plan | null, by?: RunOrigin): Html {
  const { release, environment } = decision;
  const facts: readonly (readonly [string, string | Html])[] = [
    ['Release', `${release.name} ${release.version}`],
    ['Git commit', release.commit],
    ['Environment', plan ? `${environment.name} (${plan.environment.file})` : environment.name],
    ['Cluster UID', environment.uid],
    ['Checklist', `${decision.checklist.name} (${decision.checklist.file})`],
    ['Checklist digest', decision.checklistDigest],
    ['Plan digest', decision.planDigest],
    ['Run', decision.runId],
    ['Decided at', formatUtc(decision.decidedAt)],
    ...ranBy(by),
    ...Object.entries(plan?.roles ?? {}).map(([role, name]) => [`Role ${role}`, name] as const),
  ];
  return html`<dl class="facts">
    ${facts.map(
      ([name, fact]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${fact === '' ? '(not known)' : fact}</dd>
        </div>`,
    )}
  </dl>`;
}

/** As the process that ran it was told: nobody has proven it. */
function ranBy(by: RunOrigin | undefined): readonly (readonly [string, string | Html])[] {
  if (by === undefined) return [];
  const { actor, ci, commit } = by;
  return [
    ['Run by', actor],
    ...(ci === undefined
      ? []
      : [['CI job', isWebPage(ci) ? html`<a href="${ci}" rel="noreferrer">${ci}</a>` : ci] as const]),
    ...(commit === undefined ? [] : [['Checked out', commit] as const]),
  ];
}

/** Never an address that would run a script. */
function isWebPage(address: string): boolean {
  return URL.canParse(address) && /^https?:$/.test(new URL(address).protocol);
}
