/** What changed since the last run, and how decisions and values went over the runs before. */
import type { Decision } from '../../../checks/contract/decision.ts';
import { CHANGES, type Change, type ItemChange } from '../../decide/difference.ts';
import { CHANGE_WORDS, changeLines, turnText } from '../change-words.ts';
import { formatUtc, plural } from '../wording.ts';
import { seriesFigure } from './charts.ts';
import { anchorOf } from './items.ts';
import type { Past } from './past.ts';
import { decisionBadge } from './signs.ts';
import { html, type Html } from './template.ts';

/** Changes of one sort shown at once; the rest opens. */
const SHOWN = 20;

export function changeSection(past: Past, decision: Decision): Html {
  const { before, changes } = past;
  if (before === null)
    return html`<p>
      No earlier run of this checklist on ${decision.environment.name} counts: none is recorded, or nobody vouches for
      its record.
    </p>`;
  const counts = CHANGES.map((change) => [change, changes.filter((one) => one.change === change)] as const);
  const present = counts.filter(([, members]) => members.length > 0);
  return html`<p>
      Since ${formatUtc(before.decidedAt ?? before.startedAt)}: run <code>${before.runId}</code>, ${before.release.name}
      ${before.release.version}, ${before.decision}. ${changes.length === 0 && 'Nothing has changed since.'}
    </p>
    ${present.map(([change, members]) => changeList(change, members, decision))} ${flappedList(past)}`;
}

function changeList(change: Change, members: readonly ItemChange[], decision: Decision): Html {
  const line = (one: ItemChange): Html => changeLine(one, decision);
  const more = members.slice(SHOWN);
  return html`<h3>${CHANGE_WORDS[change]} <small>${plural(members.length, 'item')}</small></h3>
    <ul class="changes ${change}">
      ${members.slice(0, SHOWN).map(line)}
    </ul>
    ${
      more.length > 0 &&
      html`<details>
        <summary>${more.length} more</summary>
        <ul class="changes ${change}">
          ${more.map(line)}
        </ul>
      </details>`
    }`;
}

function changeLine(change: ItemChange, { items }: Decision): Html {
  const item = items.find(({ id }) => id === change.item);
  const name = item ? html`<a href="#${anchorOf('item', item.id)}">${item.id}</a> ${item.title}` : html`${change.item}`;
  const lines = changeLines(change);
  return html`<li>
    ${name} <span class="note">${turnText(change)}${item && ` · owner ${item.owner}`}</span>
    ${
      lines.length > 0 &&
      html`<ul class="findings">
        ${lines.map((text) => html`<li>${text}</li>`)}
      </ul>`
    }
  </li>`;
}

function flappedList({ flapped }: Past): Html | false {
  return (
    flapped.length > 0 &&
    html`<h3>Flaky: turned more than once <small>${plural(flapped.length, 'item')}</small></h3>
      <ul class="changes">
        ${flapped.slice(0, SHOWN).map(({ item, outcomes }) => html`<li>${item}: ${outcomes.join(' → ')}</li>`)}
      </ul>`
  );
}

/** Decisions and values of the runs, oldest first. */
export function trendSection({ decisions, trends }: Past): Html {
  return html`<ol class="runs" aria-label="Decisions, oldest first">
      ${decisions.map(
        ({ runId, at, decision }) =>
          html`<li>
            ${decisionBadge(decision)} <span class="note">${formatUtc(at)} <code>${runId}</code></span>
          </li>`,
      )}
    </ol>
    ${trends.length > 0 && html`<p class="note">By time since the first of these runs.</p>`}
    <div class="trends">
      ${trends.map(
        (series) =>
          html`<figure>
            <figcaption>${series.title}</figcaption>
            ${seriesFigure(series)}
          </figure>`,
      )}
    </div>`;
}
