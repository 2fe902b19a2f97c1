/** Live objects against what a dry run would make of them. */
import type { KubeObject } from '../../contract/cluster.ts';
import { nameList, shortened, table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import { wholeValueRule, credentialIn } from '../../protocols/credential-text.ts';
import { sourceSubject } from '../../protocols/workloads.ts';
import { additionsOf } from './additions.ts';
import { differencesOf, type Difference } from './differences.ts';
import type { Params } from './params.ts';

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
} as const;
type Ignore = Params['ignore'][number];

/** An object of the manifests, and what the cluster has of it. */
export interface Held {
  readonly file: string;
  readonly subject: string;
  readonly kind: string;
  readonly name: string;
  /** What the file says. */
  readonly manifest: KubeObject;
  /** Null when it does not exist, or could not be read. */
  readonly live: KubeObject | null;
  /** What applying the manifest would leave; null when it was refused or not tried. */
  readonly applied: KubeObject | null;
  /** Why the API server takes no such object. */
  readonly refusal?: string;
  /** Compared with the manifest itself, as a dry run of it is forbidden. */
  readonly isDirect?: boolean;
  /** Why it could not be tried. */
  readonly untried?: Refusal | undefined;
}
export interface Seen {
  readonly objects: readonly Held[];
  /** Secrets by their keys; `keys` is null when there is none, or it may not be read. */
  readonly secrets: readonly {
    readonly file: string;
    readonly subject: string;
    readonly wanted: readonly string[];
    readonly keys: readonly string[] | null;
    readonly refusal?: Refusal | undefined;
  }[];
  readonly leftOut: readonly { readonly what: string; readonly why: string }[];
  /** The dry run with a change; null when no object was there to try it on. */
  readonly control: { readonly subject: string; readonly shown: boolean; readonly stored: boolean } | null;
}

/** Names under which a value is not shown. */
const CONFIDENTIAL =
  /pass(?:w|phrase|code)|pwd|secret|token|credential|creds|api[-_]?key|_KEY\b|private|auth|dsn|cookie/i;
const VALUE_KEPT = 120;

export function judge({ ignore }: Params, seen: Seen, say: Say<typeof messages>): void {
  const { objects, secrets, leftOut, control } = seen;
  for (const secret of secrets) judgeKeys(secret, say);
  const uses = new Map<Ignore, number>();
  const rows = objects.map((held) => {
    const { file, manifest, live, applied, refusal, untried } = held;
    const subject = sourceSubject(held.subject);
    const counted: Difference[] = [];
    const ignored: Difference[] = [];
    const differing = live && applied ? [...differencesOf(live, applied), ...additionsOf(live, manifest)] : [];
    for (const difference of differing) {
      const by = ignore.find((one) => covers(one, held, difference));
      if (by) uses.set(by, (uses.get(by) ?? 0) + 1);
      (by ? ignored : counted).push(difference);
    }
    say.judged(subject);
    if (untried) say.refused(untried, subject);
    else if (live === null) say.fail('missing', subject, { file }, { at: file });
    else if (refusal !== undefined) say.fail('refused', subject, { file, why: shortened(refusal, 300) }, { at: file });
    for (const { path, applied: wanted, live: actual } of counted)
      say.fail(
        'changed',
        subject,
        { path, file, actual: shown(path, actual), expected: shown(path, wanted) },
        { path },
      );
    return [held.subject, file, stateOf(held, counted.length, ignored.length), live?.metadata.resourceVersion ?? ''];
  });
  if (control?.stored) say.fail('stored', sourceSubject(control.subject));
  if (control && !control.shown)
    say.unsure(
      'no-positive-control',
      `A dry run of ${control.subject} with one more annotation came back without it: that nothing differs says nothing.`,
    );
  if (objects.length === 0 && secrets.length === 0)
    say.unsure('no-subjects', 'The folder holds no manifest that can be compared.');
  say.show(
    table('Objects of the manifests', ['object', 'file', 'state', 'resourceVersion'], rows),
    table(
      'Positive control',
      ['dry run of', 'shows the change', 'stored it'],
      control ? [[control.subject, control.shown, control.stored]] : [],
    ),
  );
  if (leftOut.length > 0)
    say.show(
      table(
        'Left out',
        ['what', 'why'],
        leftOut.map(({ what, why }) => [what, why]),
      ),
    );
  if (ignore.length > 0)
    say.show(
      table(
        'Ignored fields',
        ['kind', 'name', 'field', 'why', 'differences it covered'],
        ignore.map((one) => [one.kind, one.name ?? 'all', one.field, one.why, uses.get(one) ?? 0]),
      ),
    );
}

function judgeKeys(
  { file, subject: text, wanted, keys, refusal }: Seen['secrets'][number],
  say: Say<typeof messages>,
): void {
  const subject = sourceSubject(text);
  say.judged(subject);
  if (refusal) say.refused(refusal, subject);
  else if (keys === null) say.fail('missing', subject, { file }, { at: file });
  else if ([...keys].sort().join() !== [...wanted].sort().join())
    say.fail(
      'changed',
      subject,
      { path: 'keys', file, actual: nameList([...keys].sort(), 20), expected: nameList([...wanted].sort(), 20) },
      { path: 'data' },
    );
}

function covers({ kind, name, field }: Ignore, held: Held, { path }: Difference): boolean {
  if (kind !== held.kind || (name !== undefined && name !== held.name)) return false;
  return path === field || path.startsWith(`${field}.`) || path.startsWith(`${field}[`);
}

function shown(path: string, value: unknown): string {
  if (value === undefined) return 'not set';
  return CONFIDENTIAL.test(path) ||
    credentialIn(value) !== null ||
    (typeof value === 'string' && wholeValueRule(value) !== null)
    ? 'another value (not shown)'
    : shortened(JSON.stringify(value), VALUE_KEPT);
}

function stateOf({ live, refusal, untried }: Held, counted: number, ignored: number): string {
  if (untried) return 'not tried';
  if (live === null) return 'missing';
  if (refusal !== undefined) return 'manifest refused';
  const covered = ignored === 0 ? '' : ` (${ignored} ignored)`;
  return counted === 0 ? `as described${covered}` : `${counted} fields differ${covered}`;
}
