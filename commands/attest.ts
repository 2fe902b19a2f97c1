/** `golive attest ITEM`: what a role vouches for, written and signed. 0 done, 64 wrong use, 70 the key does not count. */
import { join } from 'node:path';
import { dump } from 'js-yaml';
import { EXIT } from '../checks/contract/decision.ts';
import { asksStatement } from '../checks/contract/people.ts';
import type { Plan, PlannedItem } from '../checks/contract/plan.ts';
import { attestation } from '../checks/people/attestation/check.ts';
import { spokenOf } from '../checks/people/speakers.ts';
import { RunFileError } from '../reports/record/io.ts';
import { ATTESTATIONS_FOLDER, readPeople } from '../specs/loader/people/load.ts';
import { peopleFolders } from '../specs/loader/people/keys.ts';
import { renderProblem } from '../specs/loader/problems.ts';
import { didYouMean } from '../specs/loader/suggest.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { removeSigned, writeSigned } from './sign/approval-file.ts';
import { ownKey, rehearsalKey } from './sign/keys.ts';
import { writeError, writeOut } from './write.ts';

export interface AttestOptions extends Selection {
  readonly item: string;
  readonly statement?: string;
  readonly days?: string;
  readonly evidence?: string;
  readonly key?: string;
  readonly as?: string;
}

const DAY_MS = 86_400_000;

export function attest(options: AttestOptions): number {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { plan, root } = compiled;
  const item = plan.items.find(({ id }) => id === options.item);
  const wrong = problemOf(options.item, item, plan);
  if (wrong !== null || item?.role === undefined) {
    writeError(`golive attest: ${wrong ?? `${options.item} names no role`}`);
    return EXIT.usage;
  }
  try {
    writeOut(written(root, plan, { ...item, role: item.role }, options));
    return EXIT.GO;
  } catch (error) {
    if (!(error instanceof RunFileError)) throw error;
    writeError(`golive attest: ${error.message}`);
    return EXIT.broken;
  }
}

function problemOf(id: string, item: PlannedItem | undefined, plan: Plan): string | null {
  if (item === undefined) {
    const meant = didYouMean(
      id,
      plan.items.map((one) => one.id),
    );
    return `there is no item ${id}${meant === undefined ? '' : `: did you mean ${meant}?`}`;
  }
  return asksStatement(item)
    ? null
    : `${id} is of kind ${item.kind}: it is measured, and no statement can replace that (golive waive, if it must be)`;
}

/** One that would not make the item pass is not left behind. */
function written(
  root: string,
  plan: Plan,
  item: PlannedItem & { readonly role: string },
  options: AttestOptions,
): string {
  const now = new Date();
  const { role } = item;
  const key = plan.environment.rehearsal ? rehearsalKey(root, role) : ownKey(root, plan, role, options);
  const days = Number(options.days ?? item.params['maxDays']);
  if (!(days > 0)) throw new RunFileError(`--days ${String(options.days)} is no number of days`);
  const entry = {
    item: item.id,
    environment: plan.environment.name,
    release: `${plan.release.name}@${plan.release.version}`,
    role,
    approver: key.principal,
    statement: options.statement ?? String(item.params['statement']),
    ...(options.evidence === undefined ? {} : { evidence: options.evidence }),
    expires: new Date(now.getTime() + days * DAY_MS).toISOString(),
  };
  const name = `${item.id}.${plan.environment.name}.${key.principal.replace(/[^\w.@+-]/g, '_')}.yaml`;
  const file = join(peopleFolders(plan).at(-1) ?? '', ATTESTATIONS_FOLDER, name);
  writeSigned(root, file, dump({ apiVersion: 'golive/v1', attestations: [entry] }, { lineWidth: -1 }), key);
  const people = readPeople(root, plan, now);
  const own = people.attestations.filter(({ place }) => place.startsWith(`${file}:`));
  const verdict = attestation.judge(item.params, spokenOf(plan, item, own, []), { now });
  const problems = people.problems.filter((one) => one.file === file).map(renderProblem);
  const [finding] = verdict.findings;
  if (own.length === 1 && finding === undefined)
    return `${key.principal} attests until ${entry.expires}: ${entry.statement}\nCommit ${file} with ${file}.sig.`;
  removeSigned(root, file);
  const why: readonly string[] = problems.concat(finding?.says ?? 'it would count for nothing');
  throw new RunFileError(why.join('\n'));
}
