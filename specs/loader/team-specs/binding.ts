/**
 * Which test of a team's spec belongs to which item. Pure: the same answer in the loader, in Playwright's config and in the
 * worker. A title is bound exactly; Playwright's `grep` sees one long line and may match a little more, so a worker asks again.
 */
import type { PhaseId, Plan, PlannedItem } from '../../../checks/contract/plan.ts';

/** The kind of items that are tests of a team's spec. */
export const SPEC_KIND = 'playwright/spec';
/** golive's own spec, in whichever specs/ it lies. */
export const GATE_SPEC = 'gate.spec.ts';
/** Playwright's own separator of a title path. */
export const TITLE_SEPARATOR = ' › ';

export interface BoundSpec {
  readonly item: PlannedItem;
  /** Relative to the project's specs/. */
  readonly file: string;
  /** As the item states it: a title or a title path. */
  readonly title: string;
}

/** The test an item is bound to; null for an item of another kind. */
export function bindingOf(item: PlannedItem): BoundSpec | null {
  const { file, title } = item.params;
  if (item.kind !== SPEC_KIND || typeof file !== 'string' || typeof title !== 'string') return null;
  return { item, file, title };
}

/** All bindings of a phase, in the checklist's order. */
export function boundSpecs(plan: Plan, phase: PhaseId): readonly BoundSpec[] {
  return plan.items.flatMap((item) => {
    const bound = item.phase === phase ? bindingOf(item) : null;
    return bound ? [bound] : [];
  });
}

/** True when a test is the one stated. `titles`: its describes', the outermost first, and its own. */
export function isStated(stated: string, titles: readonly string[]): boolean {
  return titles.at(-1) === stated || titles.filter((title) => title !== '').join(TITLE_SEPARATOR) === stated;
}

/** True when two stated titles could be the same test of a file. */
export function mayBeSameTest(a: string, b: string): boolean {
  return a === b || a.endsWith(TITLE_SEPARATOR + b) || b.endsWith(TITLE_SEPARATOR + a);
}

/**
 * What picks a bound test in its phase's project. Playwright matches on "project file describe… title", each followed by its
 * tags, with spaces between; `fileTitle` is the file as Playwright names it.
 */
export function grepOf(phase: PhaseId, fileTitle: string, title: string): RegExp {
  const tags = '(?: @\\S+)*';
  const whole = escaped(title);
  const path = title.split(TITLE_SEPARATOR).map(escaped).join(`${tags} `);
  return new RegExp(`^ ?${phase} ${escaped(fileTitle)}(?: .*)? (?:${whole}|${path})${tags}$`, 's');
}

/** What picks the phase's items in golive's own spec, and no test of a team that has the phase for a tag. */
export function gateGrepOf(phase: PhaseId, fileTitle: string): RegExp {
  return new RegExp(`^ ?${phase} ${escaped(fileTitle)} .*@${phase}(?: |$)`, 's');
}

/** Matches exactly this path and no other. */
export function exactly(path: string): RegExp {
  return new RegExp(`^${escaped(path)}$`);
}

function escaped(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');
}
