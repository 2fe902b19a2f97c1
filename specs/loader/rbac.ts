/** The rights the gate needs in the cluster: the sum of its items' permissions, and nothing else. */
import type { AccessAttributes } from '../../checks/contract/cluster.ts';
import type { Permission, Plan } from '../../checks/contract/plan.ts';
import { compareText } from './problems.ts';

/** A merged rule and who needs it. */
export interface NeededPermission {
  readonly permission: Permission;
  /** Ids of items, or `the environment's identity`. */
  readonly neededBy: readonly string[];
}
const IDENTITY = "the environment's identity";
/** Every run reads this namespace's UID: with the environment's name it is the environment's identity. */
const IDENTITY_PERMISSION: Permission = {
  groups: [''],
  resources: ['namespaces'],
  verbs: ['get'],
  resourceNames: ['kube-system'],
};

/** One verb on one thing: permissions are taken apart into these and put together again. */
interface Atom {
  readonly namespace: string;
  readonly group: string;
  /** A resource, or a path when `url`. */
  readonly target: string;
  readonly url: boolean;
  /** Empty: any name. */
  readonly name: string;
  readonly verb: string;
  readonly neededBy: Set<string>;
}

/** All rights of a plan, merged and in a stable order: cluster-wide first, then by namespace. */
export function permissionsOf(plan: Plan): readonly NeededPermission[] {
  return assemble(atomsNeeded(plan));
}

/** One right as an access review asks for it. */
export interface NeededRight {
  readonly attributes: AccessAttributes;
  readonly neededBy: readonly string[];
}

/** The same one by one: a verb on a resource, a name or a path each. */
export function rightsOf(plan: Plan): readonly NeededRight[] {
  return [...atomsNeeded(plan)]
    .map((atom) => ({ attributes: attributesOf(atom), neededBy: sorted([...atom.neededBy]), key: keyOf(atom) }))
    .sort((a, b) => compareText(a.key, b.key))
    .map(({ attributes, neededBy }) => ({ attributes, neededBy }));
}

function attributesOf({ namespace, group: apiGroup, target, url, name, verb }: Atom): AccessAttributes {
  if (url) return { verb, path: target };
  const [resource = '', subresource] = target.split('/');
  return {
    verb,
    group: apiGroup,
    resource,
    ...(subresource === undefined ? {} : { subresource }),
    ...(namespace === '' ? {} : { namespace }),
    ...(name === '' ? {} : { name }),
  };
}

function atomsNeeded(plan: Plan): readonly Atom[] {
  const atoms = new Map<string, Atom>();
  const add = (permission: Permission, neededBy: string): void => {
    for (const atom of atomsOf(permission)) {
      const key = keyOf(atom);
      const known = atoms.get(key) ?? { ...atom, neededBy: new Set<string>() };
      known.neededBy.add(neededBy);
      atoms.set(key, known);
    }
  };
  add(IDENTITY_PERMISSION, IDENTITY);
  for (const item of plan.items) for (const permission of item.permissions) add(permission, item.id);
  return withoutCovered(atoms);
}

type BareAtom = Omit<Atom, 'neededBy'>;

function atomsOf(permission: Permission): BareAtom[] {
  const namespace = permission.namespace ?? '';
  const names = permission.resourceNames?.length ? permission.resourceNames : [''];
  const urls = (permission.nonResourceURLs ?? []).flatMap((target) =>
    permission.verbs.map((verb) => ({ namespace: '', group: '', target, url: true, name: '', verb })),
  );
  const resources = permission.groups.flatMap((group) =>
    permission.resources.flatMap((target) =>
      names.flatMap((name) => permission.verbs.map((verb) => ({ namespace, group, target, url: false, name, verb }))),
    ),
  );
  return [...urls, ...resources];
}

function keyOf(atom: BareAtom): string {
  return JSON.stringify([atom.namespace, atom.url, atom.group, atom.target, atom.name, atom.verb]);
}

/** A right on one name, or in one namespace, is left out where the wider right is needed anyway; who needs it is kept. */
function withoutCovered(atoms: ReadonlyMap<string, Atom>): readonly Atom[] {
  return [...atoms.values()].filter((atom) => {
    const wider = [
      { ...atom, namespace: '', name: '' },
      { ...atom, namespace: '' },
      { ...atom, name: '' },
    ]
      .map(keyOf)
      .filter((key) => key !== keyOf(atom))
      .map((key) => atoms.get(key))
      .find((found) => found !== undefined);
    for (const item of wider ? atom.neededBy : []) wider?.neededBy.add(item);
    return wider === undefined;
  });
}

interface Rule {
  readonly atoms: readonly Atom[];
  readonly verbs: readonly string[];
  readonly names: readonly string[];
  readonly targets: readonly string[];
}

/** Joins verbs of the same thing, then names with the same verbs, then things with the same verbs and names. */
function assemble(atoms: readonly Atom[]): readonly NeededPermission[] {
  const thing = (a: Atom): unknown[] => [a.namespace, a.url, a.group];
  const byThing = group(atoms, (a) => [...thing(a), a.target, a.name]).map((same) => ruleOf(same));
  const byName = group(byThing, (rule) => [
    ...thing(first(rule)),
    first(rule).target,
    first(rule).name !== '',
    rule.verbs,
  ]);
  const named = byName.map((rules) => ruleOf(rules.flatMap((rule) => rule.atoms)));
  const joined = group(named, (rule) => [
    ...thing(first(rule)),
    rule.verbs,
    rule.names.length ? [rule.names, rule.targets] : [],
  ]);
  return joined
    .map((rules) => ruleOf(rules.flatMap((rule) => rule.atoms)))
    .sort((a, b) => compareText(sortKey(a), sortKey(b)))
    .map((rule) => ({
      permission: permissionOf(rule),
      neededBy: sorted(rule.atoms.flatMap((atom) => [...atom.neededBy])),
    }));
}

function ruleOf(atoms: readonly Atom[]): Rule {
  return {
    atoms,
    verbs: sorted(atoms.map((atom) => atom.verb)),
    names: sorted(atoms.map((atom) => atom.name).filter((name) => name !== '')),
    targets: sorted(atoms.map((atom) => atom.target)),
  };
}

function permissionOf(rule: Rule): Permission {
  const { namespace, group: apiGroup, url } = first(rule);
  const { verbs, names, targets } = rule;
  if (url) return { groups: [], resources: [], verbs, nonResourceURLs: targets };
  return {
    ...(namespace === '' ? {} : { namespace }),
    groups: [apiGroup],
    resources: targets,
    verbs,
    ...(names.length ? { resourceNames: names } : {}),
  };
}

function sortKey(rule: Rule): string {
  const { namespace, url, group: apiGroup } = first(rule);
  return JSON.stringify([namespace, url, apiGroup, rule.targets, rule.names, rule.verbs]);
}

function first(rule: Rule): Atom {
  const [atom] = rule.atoms;
  if (!atom) throw new Error('a rule without a right');
  return atom;
}

function group<T>(values: readonly T[], keysOf: (value: T) => readonly unknown[]): T[][] {
  const groups = new Map<string, T[]>();
  for (const value of values) {
    const key = JSON.stringify(keysOf(value));
    groups.set(key, [...(groups.get(key) ?? []), value]);
  }
  return [...groups.values()];
}

/** Each once, in order. */
export function sorted(values: readonly string[]): string[] {
  return [...new Set(values)].sort();
}
