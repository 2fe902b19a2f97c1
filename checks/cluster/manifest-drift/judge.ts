/** Live objects against what a dry run would make of them. */
import type { KubeObject } from '../../contract/cluster.ts';
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import { shortened, table } from '../../kit/evidence.ts';
import { judged } from '../../kit/judged.ts';
import { credentialIn } from '../../protocols/literal-credentials.ts';
import type { Params } from './check.ts';
import { differencesOf, type Difference } from './differences.ts';

export const messages = {
  missing: {
    says: '{subject}: does not exist, expected it as {file} describes it.',
    fix: 'Apply the manifest, or delete it from the project if the object is no longer meant to be.',
  },
  changed: {
    says: '{subject}: {path} is {actual}, expected {expected} as in {file}.',
    fix: 'Apply the manifest; if the change was meant, bring it into the manifest first, or name the field under ignore with its reason.',
  },
  refused: {
    says: '{subject}: the API server refuses {file} ({why}), expected a manifest that can be applied.',
    fix: 'Correct the manifest; where a field differs that cannot be changed, delete the object and apply the manifest anew.',
  },
  stored: {
    says: '{subject}: a dry run was stored by the API server, expected that it changes nothing.',
    fix: 'Remove the annotation golive.dev/dry-run-control, and run this item only where the API server honours dryRun=All.',
  },
};
type Id = keyof typeof messages;
type Ignore = Params['ignore'][number];

/** An object of the manifests, and what the cluster has of it. */
export interface Held {
  readonly file: string;
  readonly subject: string;
  readonly kind: string;
  readonly name: string;
  /** Null when it does not exist. */
  readonly live: KubeObject | null;
  /** What applying the manifest would leave; null when it was refused or not tried. */
  readonly applied: KubeObject | null;
  readonly refusal?: string;
}
export interface Gathered {
  readonly objects: readonly Held[];
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** The dry run with a change; null when no object was there to try it on. */
  readonly control: { readonly subject: string; readonly shown: boolean; readonly stored: boolean } | null;
}

/** Names under which a value is not shown. */
const CONFIDENTIAL = /passw|secret|token|credential|api[-_]?key|private/i;
const VALUE_KEPT = 120;

interface Compared {
  readonly held: Held;
  readonly counted: readonly Difference[];
  readonly ignored: readonly { readonly difference: Difference; readonly by: Ignore }[];
}

export function judge({ ignore }: Params, { objects, leftOut, control }: Gathered): Judgement<Id> {
  const compared = objects.map((held) => compare(held, ignore));
  const evidence = evidenceOf(compared, ignore, leftOut, control);
  const findings: Finding<Id>[] = compared.flatMap(findingsOf);
  if (control?.stored) findings.push({ message: 'stored', subject: control.subject });
  if (findings.length === 0 && control !== null && !control.shown)
    return {
      outcome: 'inconclusive',
      reason: 'no-positive-control',
      why: `A dry run of ${control.subject} with one more annotation came back without it: that nothing differs says nothing.`,
      evidence,
    };
  return judged(
    findings,
    objects.map(({ subject }) => subject),
    evidence,
    'The folder holds no manifest that can be compared.',
  );
}

function compare(held: Held, ignore: readonly Ignore[]): Compared {
  const differences = held.live && held.applied ? differencesOf(held.live, held.applied) : [];
  const ignored = differences.flatMap((difference) => {
    const by = ignore.find((one) => covers(one, held, difference));
    return by ? [{ difference, by }] : [];
  });
  return { held, ignored, counted: differences.filter((one) => !ignored.some(({ difference }) => difference === one)) };
}

function covers({ kind, name, field }: Ignore, held: Held, { path }: Difference): boolean {
  if (kind !== held.kind || (name !== undefined && name !== held.name)) return false;
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

function findingsOf({ held, counted }: Compared): Finding<Id>[] {
  const { subject, file, live, refusal } = held;
  if (live === null) return [{ message: 'missing', subject, data: { file } }];
  if (refusal !== undefined) return [{ message: 'refused', subject, data: { file, why: shortened(refusal, 300) } }];
  return counted.map(({ path, applied, live: actual }) => ({
    message: 'changed' as const,
    subject,
    data: { path, file, actual: shown(path, actual), expected: shown(path, applied) },
  }));
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return 'not set';
  return CONFIDENTIAL.test(path) || credentialIn(value) !== null
    ? 'another value (not shown)'
    : shortened(JSON.stringify(value), VALUE_KEPT);
}

function evidenceOf(
  compared: readonly Compared[],
  ignore: readonly Ignore[],
  leftOut: Gathered['leftOut'],
  control: Gathered['control'],
): readonly [Evidence, ...Evidence[]] {
  const uses = (one: Ignore): number =>
    compared.reduce((sum, { ignored }) => sum + ignored.filter(({ by }) => by === one).length, 0);
  return [
    table(
      'Objects of the manifests',
      ['object', 'file', 'state', 'resourceVersion'],
      compared.map(({ held, counted, ignored }) => [
        held.subject,
        held.file,
        stateOf(held, counted.length, ignored.length),
        held.live?.metadata.resourceVersion ?? '',
      ]),
    ),
    table(
      'Positive control',
      ['dry run of', 'shows the change', 'stored it'],
      control ? [[control.subject, control.shown, control.stored]] : [],
    ),
    ...(leftOut.length === 0
      ? []
      : [
          table(
            'Left out',
            ['what', 'why'],
            leftOut.map(({ what, why }) => [what, why]),
          ),
        ]),
    ...(ignore.length === 0
      ? []
      : [
          table(
            'Ignored fields',
            ['kind', 'name', 'field', 'why', 'differences it covered'],
            ignore.map((one) => [one.kind, one.name ?? 'all', one.field, one.why, uses(one)]),
          ),
        ]),
  ];
}

function stateOf({ live, refusal }: Held, counted: number, ignored: number): string {
  if (live === null) return 'missing';
  if (refusal !== undefined) return 'manifest refused';
  const covered = ignored === 0 ? '' : ` (${ignored} ignored)`;
  return counted === 0 ? `as described${covered}` : `${counted} fields differ${covered}`;
}
