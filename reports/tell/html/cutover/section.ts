/** The cutover on the page: a notice at the top where traffic went back, and a section with its timeline, steps and events. */
import type { CutoverEvent } from '../../../../checks/contract/cutover.ts';
import { formatMs } from '../../../../checks/contract/units.ts';
import { cutoverNotice } from '../../cutover/notice.ts';
import { cutoverStory, type CutoverStory } from '../../../decide/cutover-story.ts';
import { timesOf } from '../../cutover/times.ts';
import { ruleText } from '../../cutover/words.ts';
import type { ShownLog } from '../../../record/run-folder/cutover-log.ts';
import { formatNumber, formatUtc } from '../../wording.ts';
import { sign } from '../signs.ts';
import { html, type Html } from '../template.ts';
import { marksOf } from './marks.ts';
import type { TimedEvent } from './series.ts';
import { eventTable, sampleTable, stepTable, type ShowItem } from './tables.ts';
import { timelineSvg } from './timeline.ts';

/** What a run's folder holds of its cutover. */
export interface CutoverLogs {
  readonly log: ShownLog;
  /** The rollback, rehearsed before it. */
  readonly rehearsal: ShownLog;
  /** The earlier run that it is of, where it is not that of the decision. */
  readonly fromRun?: string;
}

/** Whether there is anything to show. */
export function hasCutover({ log }: CutoverLogs): boolean {
  return log.events.length > 0 || log.problems.length > 0;
}

/** Nothing where all went well or nothing was moved. */
export function cutoverAlarm(logs: CutoverLogs): Html | null {
  const story = cutoverStory(logs.log.events);
  const notice = story && cutoverNotice(story);
  if (!notice) return null;
  return html`<section class="notice alarm" aria-labelledby="taken-back">
    <h2 id="taken-back">${sign('fail')} ${notice.heading}</h2>
    ${logs.fromRun !== undefined && html`<p>In the earlier run ${logs.fromRun}.</p>`}
    ${notice.lines.map((line) => html`<p>${line}</p>`)}
    ${notice.fix !== null && html`<p><strong>What to do: ${notice.fix}</strong></p>`}
    <p><a href="#cutover">Timeline and events of the cutover</a></p>
  </section>`;
}

/** The section's content. */
export function cutoverSection({ log, rehearsal, fromRun }: CutoverLogs, showItem: ShowItem): Html {
  const story = cutoverStory(log.events);
  return html`${
    log.problems.length > 0 &&
    html`<p class="notice"><strong>The log of the cutover is not whole.</strong> ${log.problems.join(' ')}</p>`
  }
  ${fromRun !== undefined && html`<p>It stands from the earlier run ${fromRun}.</p>`}
  ${story && (story.outcome === 'refused' ? refusal(story) : whole(log.events, story, rehearsal, showItem))}`;
}

function refusal(story: CutoverStory): Html {
  return html`<p>It was asked for and did not begin; no traffic was moved. ${story.reason}</p>`;
}

function whole(events: readonly CutoverEvent[], story: CutoverStory, rehearsal: ShownLog, showItem: ShowItem): Html {
  const times = timesOf(events);
  const timed = events.map((event, index): TimedEvent => ({ event, time: times[index] ?? 0 }));
  const marks = marksOf(timed);
  const { begun } = story;
  const triggers = begun?.triggers ?? [];
  return html`${facts(events, story, rehearsal)}
    <h3>Timeline</h3>
    <figure class="cutover">
      ${timelineSvg({ events: timed, triggers, marks: [...marks.values()] })}
      <figcaption class="note">
        Numbers: events, listed below. Dashed: threshold of a trigger. Under a line: its trigger pending (thin), fired
        (thick), without data (outlined). A line that breaks off: not enough answers for a value.
      </figcaption>
    </figure>
    ${sampleTable(timed)}
    <h3>Steps</h3>
    ${stepTable(timed, begun, showItem)}
    <h3>Events</h3>
    ${eventTable(timed, marks, triggers, begun?.route.canary ?? 'the new release')}`;
}

const OUTCOMES = {
  finished: 'Finished',
  'rolled-back': 'Rolled back',
  unfinished: 'Not finished',
  refused: 'Refused',
} as const;

function facts(events: readonly CutoverEvent[], story: CutoverStory, rehearsal: ShownLog): Html {
  const { begun } = story;
  const rows: readonly (readonly [string, string | readonly Html[]])[] = [
    ['Outcome', outcomeText(story)],
    ...(begun
      ? ([
          ['Route', `HTTPRoute ${begun.route.namespace}/${begun.route.name}, rule ${begun.route.rule}`],
          ['From → to', `Service ${begun.route.stable} → ${begun.route.canary}`],
          ['Release', `${begun.release} on ${begun.environment}`],
          ['Began', formatUtc(begun.at)],
          ['Last event', formatUtc(events.at(-1)?.at ?? '')],
          ['Windows', windowsText(begun)],
          ['Triggers', begun.triggers.map((rule) => html`<p>${rule.item}: ${ruleText(rule)}</p>`)],
        ] as const)
      : []),
    ['Rollback rehearsed', rehearsalText(rehearsal)],
  ];
  return html`<dl class="facts">
    ${rows.map(
      ([name, fact]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${fact}</dd>
        </div>`,
    )}
  </dl>`;
}

function outcomeText({ outcome, weight, verified, highestWeight, attempts }: CutoverStory): string {
  const more = {
    finished: ` at ${weight} %`,
    'rolled-back': ` from ${highestWeight} %, ${verified === true ? 'verified' : 'NOT verified'}`,
    unfinished: `; as far as the log tells the new release is at ${weight} %`,
    refused: '',
  }[outcome];
  return `${OUTCOMES[outcome]}${more}${attempts > 1 ? `; the rollback was begun ${attempts} times` : ''}`;
}

function windowsText({ steps, compression = 1 }: NonNullable<CutoverStory['begun']>): string {
  const windows = steps.map(({ weight, watchMs }) => `${weight} % for ${formatMs(watchMs)}`).join(', ');
  return compression === 1
    ? `${windows}, as declared`
    : `${windows}: the declared windows divided by ${formatNumber(compression)}`;
}

/** Whether the rollback was known to work before it could be needed. */
function rehearsalText({ events, problems }: ShownLog): string {
  const rehearsed = cutoverStory(events);
  if (!rehearsed) return problems.length > 0 ? `Not known. ${problems.join(' ')}` : 'Not in this run';
  const at = formatUtc(events.at(-1)?.at ?? '');
  if (rehearsed.outcome === 'refused') return `Refused at ${at}: ${rehearsed.reason ?? 'no reason is given'}`;
  if (rehearsed.outcome !== 'rolled-back') return `Begun and not finished, ${at}: ${rehearsed.unfinished ?? ''}`;
  const { verified, msToRecovery } = rehearsed;
  const took = msToRecovery === null ? '' : ` in ${formatMs(msToRecovery)}`;
  return `${at}, before any traffic moved: gone whole${took}, ${verified === true ? 'verified' : 'NOT verified'}`;
}
