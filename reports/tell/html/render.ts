/**
 * The report as one page that needs nothing else: no network, no font, no image file. Everybody who signs reads this one, on a
 * phone, on paper or with a screen reader.
 */
import { createHash } from 'node:crypto';
import type { DecidedItem, Decision } from '../../../checks/contract/decision.ts';
import type { Plan } from '../../../checks/contract/plan.ts';
import type { RunOrigin } from '../../../checks/contract/run.ts';
import type { Proofs } from '../../record/proofs.ts';
import { formatUtc } from '../wording.ts';
import { blockerSection } from './blockers.ts';
import { changeSection, trendSection } from './changes.ts';
import { cutoverAlarm, cutoverSection, hasCutover, type CutoverLogs } from './cutover/section.ts';
import { evidenceHref } from './evidence-path.ts';
import type { FileLink } from './evidence.ts';
import { anchorOf, filterControls, itemList } from './items.ts';
import type { Past } from './past.ts';
import { roleList, signatureSection } from './roles.ts';
import { SCRIPT } from './script.ts';
import { banner, overrideTable, phaseList, reasonTree, runFacts, waiverTable, warningList } from './sections.ts';
import { signDefinitions } from './signs.ts';
import { STYLES } from './styles.ts';
import { html, type Html } from './template.ts';

const SCRIPT_HASH = createHash('sha256').update(SCRIPT).digest('base64');

/** Nothing may be loaded or sent; this page's style and this very script are all that is admitted. */
export const CONTENT_SECURITY_POLICY =
  `default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${SCRIPT_HASH}'; ` +
  `base-uri 'none'; form-action 'none'`;

export interface RenderOptions {
  /** Evidence files that are not beside the page, by `<runId>/<path>`, and why. */
  readonly missingFiles?: ReadonlyMap<string, string>;
  /** What the run's folder holds of its cutover; the page has no such section without it. */
  readonly cutover?: CutoverLogs;
  /** Earlier runs; absent: nobody looked. */
  readonly past?: Past;
  readonly proofs?: Proofs;
  /** Who ran it, as far as its process knew. */
  readonly by?: RunOrigin;
}

/** The whole page. `plan` gives headings and roles; without it (only decision.json was kept) the page says so. */
export function renderHtml(decision: Decision, plan: Plan | null, options: RenderOptions = {}): string {
  const { release, environment } = decision;
  const title = `${decision.decision}: ${release.name} ${release.version} on ${environment.name}`;
  const link = (item: DecidedItem, path: string): FileLink =>
    linkTo(runOf(item, decision), path, options.missingFiles ?? new Map<string, string>());
  // Style and script are put in by plain strings: their text must stay exactly what the policy's hash covers.
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${CONTENT_SECURITY_POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
${html`<title>${title}</title>`.toString()}
<style>${STYLES}</style>
</head>
<body>
${page(decision, plan, link, options).toString()}
<script>${SCRIPT}</script>
</body>
</html>
`;
}

/** The run whose evidence an item shows: this one, or the earlier one its phase stands from. */
export function runOf(item: DecidedItem, decision: Decision): string {
  if (item.from !== 'ledger') return decision.runId;
  return item.fromRun ?? decision.phases.find((phase) => phase.id === item.phase)?.fromRun ?? decision.runId;
}

function linkTo(runId: string, path: string, missing: ReadonlyMap<string, string>): FileLink {
  const href = evidenceHref(runId, path);
  if (href === null) return { missing: 'its path leaves the evidence folder' };
  const why = missing.get(`${runId}/${path}`);
  return why === undefined ? { href } : { missing: why };
}

type Link = readonly [id: string, name: string];

function page(
  decision: Decision,
  plan: Plan | null,
  link: (item: DecidedItem, path: string) => FileLink,
  { cutover: logs, past, proofs = new Map(), by }: RenderOptions,
): Html {
  const cutover = logs && hasCutover(logs) ? logs : undefined;
  const known = new Set(decision.items.map(({ id }) => id));
  const showItem = (id: string): Html =>
    known.has(id) ? html`<a href="#${anchorOf('item', id)}">${id}</a>` : html`${id}`;
  return html`${signDefinitions()}
    <a class="skip" href="#items">Skip to the items</a>
    <header>
      <span>Go-live decision · ${formatUtc(decision.decidedAt)}</span>
      <nav aria-label="On this page">
        <ul>
          ${contents(cutover !== undefined, past).map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}
        </ul>
      </nav>
    </header>
    <main>
      <div class="decided">
        ${banner(decision, plan)} ${cutover && cutoverAlarm(cutover)}
        ${part('blockers', 'What blocks', blockerSection(decision))}
        ${past && part('changes', 'Since the last run', changeSection(past, decision))}
        ${part('signatures', 'Signatures', signatureSection(decision, plan))}
        ${part('phases', 'Phases', phaseList(decision))}
      </div>
      ${part('reasons', 'Why', reasonTree(decision))}
      ${decision.warnings.length > 0 && part('warnings', 'Warnings', warningList(decision.warnings))}
      ${cutover && part('cutover', 'Cutover', cutoverSection(cutover, showItem))}
      ${past && hasTrend(past) && part('trend', 'Over the last runs', trendSection(past))}
      ${part('roles', 'Roles', roleList(decision, plan))}
      ${part('items', 'Items', html`${filterControls(decision)} ${itemList(decision, plan, link, proofs)}`)}
      ${part('waivers', 'Waivers', waiverTable(decision))} ${part('overrides', 'Overrides', overrideTable(decision))}
      ${part('run', 'Run', runFacts(decision, plan, by))}
    </main>
    <footer>
      Rendered from decision.json, which holds the whole
      record${cutover && ', and from the log of the cutover'}${past && '; earlier runs by the ledger'}.
    </footer>`;
}

function contents(cutover: boolean, past: Past | undefined): readonly Link[] {
  const links: readonly (Link | false)[] = [
    ['blockers', 'What blocks'],
    past !== undefined && ['changes', 'Since the last run'],
    ['signatures', 'Signatures'],
    ['phases', 'Phases'],
    ['reasons', 'Why'],
    cutover && ['cutover', 'Cutover'],
    past !== undefined && hasTrend(past) && ['trend', 'Over the last runs'],
    ['roles', 'Roles'],
    ['items', 'Items'],
    ['waivers', 'Waivers'],
    ['overrides', 'Overrides'],
    ['run', 'Run'],
  ];
  return links.filter((one) => one !== false);
}

function hasTrend({ decisions, trends }: Past): boolean {
  return decisions.length > 1 || trends.length > 0;
}

function part(id: string, heading: string, content: Html): Html {
  return html`<section aria-labelledby="${id}">
    <h2 id="${id}" tabindex="-1">${heading}</h2>
    ${content}
  </section>`;
}
