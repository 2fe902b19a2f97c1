/**
 * A decision as the graph that every export is a thin mapping of: what was asked, what became of it, why, where it is written down. A format
 * reads this and nothing else, so that none of them can say something that the others do not know.
 */
import { EXIT, type DecidedItem, type Decision } from '../../checks/contract/decision.ts';
import type { Evidence } from '../../checks/contract/outcome.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { ATTESTED_KINDS } from '../../checks/contract/people.ts';
import { visibleText } from '../../checks/contract/visible-text.ts';

/** How an item stands, in the words that most formats have; `outcome` says it exactly. */
export type Standing = 'good' | 'bad' | 'unknown' | 'waits' | 'left-out' | 'waived';

export interface GraphPlace {
  /** Relative to the project. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}
export interface GraphItem extends Omit<DecidedItem, 'place' | 'message' | 'title'> {
  readonly title: string;
  /** Never empty. */
  readonly message: string;
  readonly standing: Standing;
  readonly phaseTitle: string;
  readonly section: string;
  readonly place: GraphPlace;
  /** Where a person answered, not a program. */
  readonly attested: boolean;
  readonly values: readonly Extract<Evidence, { type: 'value' }>[];
  /** RFC 3339, of what this run judged itself. */
  readonly startedAt?: string;
}
/** What only the run's folder knows; all of it may be missing. */
export interface RunFacts {
  readonly startedAt?: string;
  readonly startedByItem?: ReadonlyMap<string, string>;
  /** Digests of the images that evidence is bound to, `sha256:…`. */
  readonly images?: readonly string[];
}
export interface ResultGraph {
  readonly tool: { readonly name: 'golive'; readonly version: string };
  readonly decision: Decision;
  /** `NO-GO: code-platform v1.0.0 on production`. */
  readonly title: string;
  /** Of the whole decision, whatever the run was asked for. */
  readonly exitCode: number;
  /** Nothing was lost while it ran: what the graph holds is all that was found out. */
  readonly complete: boolean;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly images: readonly string[];
  readonly items: readonly GraphItem[];
}

/** `plan` gives columns and sections; without it they are 1 and the item's phase. */
export function resultGraph(decision: Decision, plan: Plan | null, version: string, facts: RunFacts = {}): ResultGraph {
  const planned = new Map(plan?.items.map((item) => [item.id, item]));
  const titles = new Map(decision.phases.map(({ id, title }) => [id, title]));
  const items = decision.items.map((item): GraphItem => {
    const { place, section } = planned.get(item.id) ?? {};
    const startedAt = item.from === 'run' ? facts.startedByItem?.get(item.id) : undefined;
    return {
      ...item,
      title: visibleText(item.title),
      message: visibleText(item.message || `${item.id} is ${item.outcome}`),
      standing: standingOf(item),
      phaseTitle: titles.get(item.phase) ?? item.phase,
      section: section ?? titles.get(item.phase) ?? item.phase,
      place: place ?? placeOf(item.place),
      attested: ATTESTED_KINDS.includes(item.kind) || item.kind.startsWith('people/'),
      values: item.evidence.filter((one) => one.type === 'value'),
      ...(startedAt === undefined ? {} : { startedAt }),
    };
  });
  const { release, environment } = decision;
  return {
    tool: { name: 'golive', version },
    decision,
    title: visibleText(`${decision.decision}: ${release.name} ${release.version} on ${environment.name}`),
    exitCode: EXIT[decision.decision],
    complete: !decision.reasons.some(({ code }) => INCOMPLETE.includes(code)) && decision.withdrawn === undefined,
    startedAt: facts.startedAt ?? decision.decidedAt,
    endedAt: decision.decidedAt,
    images: facts.images ?? [],
    items,
  };
}

/** Reasons that mean: something of the run itself is missing. */
const INCOMPLETE: readonly string[] = ['run-incomplete', 'run-damaged', 'refused', 'environment-unknown'];

function standingOf({ outcome, waived }: DecidedItem): Standing {
  if (waived !== null) return 'waived';
  switch (outcome) {
    case 'pass':
      return 'good';
    case 'fail':
      return 'bad';
    case 'not-applicable':
      return 'left-out';
    case 'pending':
      return 'waits';
    default:
      return 'unknown';
  }
}

/** `file:line` or `file:line:column`; a text of another form is a file. */
export function placeOf(text: string): GraphPlace {
  const found = /^(.+?):(\d+)(?::(\d+))?$/.exec(text);
  return {
    file: found?.[1] ?? text,
    line: Math.max(1, Number(found?.[2] ?? 1)),
    column: Math.max(1, Number(found?.[3] ?? 1)),
  };
}

/** What is said of a waiver, in one sentence. */
export function waiverText({ waived }: Pick<GraphItem, 'waived'>): string {
  if (waived === null) return '';
  return visibleText(`Waived until ${waived.expires} by ${waived.approver} (${waived.ticket}): ${waived.reason}`);
}

/** The reasons of a decision as one text, a line each. */
export function reasonsText({ decision }: ResultGraph): string {
  return visibleText(decision.reasons.map(({ text }) => text).join('\n'));
}
