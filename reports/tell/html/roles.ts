/** A page for each role that owns or signs something: what it answers for, what it accepts by signing, what happens if it goes wrong. */
import type { DecidedItem, Decision } from '../../../checks/contract/decision.ts';
import type { Plan, PlannedItem } from '../../../checks/contract/plan.ts';
import { formatUtc, plural } from '../wording.ts';
import { blockerList, blockersOf } from './blockers.ts';
import { anchorOf } from './items.ts';
import { outcomeBadge } from './signs.ts';
import { scrollTable } from './tables.ts';
import { html, type Html } from './template.ts';

/** The address of a role's page within the page. */
export function roleAnchor(role: string): string {
  return anchorOf('role', role);
}

interface Role {
  readonly name: string;
  /** Who that is, by the checklist. */
  readonly who: string;
  readonly items: readonly DecidedItem[];
  /** Sign-off items that wait for it, or that it has signed. */
  readonly signs: readonly DecidedItem[];
}

/** In the checklist's order; owners that it does not declare come last. */
function rolesOf({ items }: Decision, plan: Plan | null): readonly Role[] {
  const named = new Set([...Object.keys(plan?.roles ?? {}), ...items.map(({ owner }) => owner)]);
  const planned = new Map(plan?.items.map((item) => [item.id, item]));
  const signs = (item: DecidedItem, role: string): boolean => {
    const { signOff, role: signer = item.owner } = planned.get(item.id) ?? { signOff: false };
    return signOff && signer === role;
  };
  return [...named]
    .map((name) => ({
      name,
      who: plan?.roles[name] ?? '',
      items: items.filter(({ owner }) => owner === name),
      signs: items.filter((item) => signs(item, name)),
    }))
    .filter((role) => role.items.length + role.signs.length > 0);
}

export function roleList(decision: Decision, plan: Plan | null): Html {
  const roles = rolesOf(decision, plan);
  const blockers = new Set(blockersOf(decision));
  return html`<ul class="rolelinks">
      ${roles.map(({ name, items }) => {
        const open = items.filter((item) => blockers.has(item)).length;
        return html`<li>
          <a href="#${roleAnchor(name)}">${name}</a>
          <span class="note">${plural(items.length, 'item')}, ${blockText(open)}</span>
        </li>`;
      })}
    </ul>
    ${roles.map((role) => rolePage(role, decision, plan, blockers))}`;
}

function rolePage(role: Role, decision: Decision, plan: Plan | null, blockers: ReadonlySet<DecidedItem>): Html {
  const { name, who, items, signs } = role;
  const anchor = roleAnchor(name);
  const blocking = items.filter((item) => blockers.has(item));
  const waived = items.filter((item) => item.waived !== null);
  const own = new Set(items.map(({ id }) => id));
  // Who signs answers for the whole, not for items of its own alone.
  const isSigner = signs.length > 0;
  const overrides = decision.overrides.filter(({ item }) => isSigner || own.has(item));
  const accepted = isSigner ? decision.items.filter((item) => item.waived !== null) : waived;
  return html`<section class="role" aria-labelledby="${anchor}">
    <h3 id="${anchor}" tabindex="-1">${name}</h3>
    <p>
      ${who !== '' && `${who}.`} ${plural(items.length, 'item')}, ${blockText(blocking.length)}.
      <button type="button" class="role-items" data-owner="${name}" hidden>Show its items</button>
    </p>
    ${isSigner && signatureTable(`Signatures of ${name}`, signs, plan)}
    ${
      blocking.length > 0 &&
      html`<h4>Blocks</h4>
        ${blockerList(blocking)}`
    }
    ${
      accepted.length > 0 &&
      html`<h4>${isSigner ? 'Accepted with the signature: waivers' : 'Waived'}</h4>
        <ul>
          ${accepted.map(
            ({ id, waived: waiver }) =>
              html`<li>
                <a href="#${anchorOf('item', id)}">${id}</a> until ${formatUtc(waiver?.expires ?? '')} by
                ${waiver?.approver ?? ''}: ${waiver?.reason ?? ''}
              </li>`,
          )}
        </ul>`
    }
    ${
      overrides.length > 0 &&
      html`<p>
        ${isSigner ? 'Accepted with the signature: ' : ''}${plural(overrides.length, 'override')}, listed under
        <a href="#overrides">Overrides</a>.
      </p>`
    }
    ${isSigner && plan && ifItGoesWrong(plan)}
  </section>`;
}

function blockText(count: number): string {
  return count === 0 ? 'none blocks' : `${count} ${count === 1 ? 'blocks' : 'block'}`;
}

/** What happens by itself: the triggers that take traffic back. */
function ifItGoesWrong({ items }: Plan): Html | false {
  const triggers = items.filter(isTrigger);
  return (
    triggers.length > 0 &&
    html`<h4>If it goes wrong</h4>
      <p>Traffic is taken back without anybody’s word by:</p>
      <ul>
        ${triggers.map(({ id, title }) => html`<li><a href="#${anchorOf('item', id)}">${id}</a> ${title}</li>`)}
      </ul>`
  );
}

function isTrigger({ kind, onFailure }: PlannedItem): boolean {
  return kind === 'cutover/trigger' || onFailure === 'rollback';
}

/** Every sign-off of the checklist, with what the decision says of it. */
export function signatureSection(decision: Decision, plan: Plan | null): Html {
  const signOffs = new Set(plan?.items.filter(({ signOff }) => signOff).map(({ id }) => id));
  const items = decision.items.filter(({ id }) => signOffs.has(id));
  if (items.length === 0) return html`<p>This checklist asks for no signature.</p>`;
  return signatureTable('Signatures', items, plan);
}

function signatureTable(label: string, items: readonly DecidedItem[], plan: Plan | null): Html {
  const roleOf = new Map(plan?.items.map(({ id, role }) => [id, role]));
  return scrollTable(
    label,
    ['Item', 'Role', 'State', 'What is known'],
    items.map((item) => [
      html`<a href="#${anchorOf('item', item.id)}">${item.id}</a>`,
      roleOf.get(item.id) ?? item.owner,
      outcomeBadge(item.outcome),
      `${item.title}: ${item.message || item.outcome}`,
    ]),
  );
}
