/** The frozen plan: checklist, environment and kinds compiled into the one thing that a run obeys. */
import { execFileSync } from 'node:child_process';
import { errorText } from '../../checks/contract/text.ts';
import { digestOf } from '../../checks/contract/canonical.ts';
import type { Severity } from '../../checks/contract/outcome.ts';
import type {
  Permission,
  PhaseId,
  Plan,
  PlannedItem,
  PlannedPhase,
  Release,
  SubjectBound,
} from '../../checks/contract/plan.ts';
import { durationMs } from '../../checks/contract/units.ts';
import type { CheckKind } from '../../checks/kit/kind.ts';
import { kinds as registry } from '../../checks/index.ts';
import { cutoverProblems } from './cutover/problems.ts';
import { itemParams, overridesOfPlanned, strayOverrides, type ParamsContext } from './item-params.ts';
import { DEFAULT_INTERVAL, DEFAULT_TIMEOUT } from './item-rules.ts';
import { findChecklist } from './find-checklist.ts';
import { loadChecklist, type Checklist, type ChecklistItem } from './load-checklist.ts';
import { loadEnvironment } from './load-environment.ts';
import { overrideAuthorProblems } from './people/override-authors.ts';
import { commitAuthors, plannedSigning } from './people/signing.ts';
import { phaseIndex } from './phases.ts';
import { deepFreeze } from './plan-file.ts';
import { sortProblems, type Problem } from './problems.ts';
import { runSourceProblems } from './run-sources.ts';
import { PLANNED_KIND } from './schemas.ts';
import { teamSpecProblems } from './team-specs/problems.ts';

const DEFAULT_MAX_AGE = '24h';

export interface CompileOptions {
  /** The project's folder. */
  readonly root: string;
  /** Reads GOLIVE_ENV, GOLIVE_CHECKLIST, GOLIVE_RELEASE and GOLIVE_COMMIT, and nothing else. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For tests. */
  readonly kinds?: ReadonlyMap<string, CheckKind>;
}
type Problems = { readonly problems: readonly Problem[] };
export type Compiled = { readonly plan: Plan } | Problems;
/** A plan that nobody obeys: valid, without the digests by which a frozen one is known. */
export type PlanDraft = Omit<Plan, 'digest' | 'checklist'> & {
  readonly checklist: Omit<Plan['checklist'], 'digest'>;
};

/** Compiles; deterministic for the same files, variables and commit. Every problem of every file comes at once. */
export function compilePlan(options: CompileOptions): Compiled {
  const compiled = compiledBody(
    options,
    () => headOf(options.root),
    (release) => commitAuthors(options.root, release),
  );
  if ('problems' in compiled) return compiled;
  const { draft, checklist } = compiled;
  const body = { ...draft, checklist: { ...draft.checklist, digest: checklistDigest(checklist) } };
  // What workers read back from plan.json must be the same value that was frozen here.
  const plain = JSON.parse(JSON.stringify(body)) as Omit<Plan, 'digest'>;
  return { plan: deepFreeze({ ...plain, digest: digestOf(plain) }) };
}

/** The same for who only wants to know whether it compiles: git is not asked for the commit, and nothing is frozen. */
export function draftPlan(options: CompileOptions): { readonly draft: PlanDraft } | Problems {
  return compiledBody(
    options,
    () => '0'.repeat(40),
    () => null,
  );
}

function compiledBody(
  options: CompileOptions,
  head: () => string,
  authors: (release: Release) => readonly string[] | null,
): { readonly draft: PlanDraft; readonly checklist: Checklist } | Problems {
  const { root, env } = options;
  const kinds = options.kinds ?? registry;
  const loaded = loadEnvironment(root, env['GOLIVE_ENV']);
  const found = findChecklist(root, env['GOLIVE_CHECKLIST']);
  if ('problem' in found) return { problems: sortProblems([found.problem, ...loaded.problems]) };
  const { checklist, problems: checklistProblems } = loadChecklist(root, found.file, kinds);
  const problems: Problem[] = [...loaded.problems, ...checklistProblems];

  const release = releaseOf(head, env, checklist);
  if ('problem' in release) problems.push(release.problem);
  const context: ParamsContext = {
    environment: loaded.environment,
    environmentYaml: loaded.yaml,
    release: 'problem' in release ? { ...checklist.release, commit: 'unknown' } : release,
  };
  const params = new Map<ChecklistItem, Readonly<Record<string, unknown>>>();
  for (const item of checklist.items) {
    const told = paramsOf(item, context);
    params.set(item, told.params);
    problems.push(...told.problems);
  }
  problems.push(
    ...strayOverrides(
      checklist.items.map((item) => String(item.raw['id'])),
      context,
    ),
  );
  problems.push(...runSourceProblems(checklist.items, params));
  problems.push(...cutoverProblems(checklist, params, context));
  problems.push(...teamSpecProblems(root, checklist, params));
  problems.push(...overrideAuthorProblems(root, checklist.signing, loaded));
  if (problems.length > 0 || !loaded.environment || 'problem' in release) return { problems: sortProblems(problems) };

  const phases = [...checklist.phases].sort((a, b) => phaseIndex(a.id) - phaseIndex(b.id));
  const items: PlannedItem[] = [];
  const defects: Problem[] = [];
  for (const phase of phases) {
    for (const item of checklist.items.filter((one) => one.phase === phase.id)) {
      const planned = plannedItem(item, params.get(item) ?? {}, phase.maxAge);
      if ('problem' in planned) defects.push(planned.problem);
      else items.push(planned.item);
    }
  }
  if (defects.length > 0) return { problems: sortProblems(defects) };
  const draft: PlanDraft = {
    schema: 'golive/plan/v1',
    checklist: {
      ...{ name: checklist.name, file: checklist.file },
      ...(checklist.upkeep ? { upkeep: checklist.upkeep } : {}),
    },
    roles: checklist.roles,
    ...plannedSigning(checklist, loaded.environment, () => authors(release)),
    release,
    environment: loaded.environment,
    phases: phases.map(({ id, title, order, file }): PlannedPhase => ({ id, title, order, file })),
    items,
  };
  return { draft, checklist };
}

/** An item without a kind takes none: only overrides of them can be wrong. */
const paramsOf = (item: ChecklistItem, context: ParamsContext): ReturnType<typeof itemParams> =>
  item.kind ? itemParams(item, item.kind, context) : { params: {}, problems: overridesOfPlanned(item, context) };

function plannedItem(
  item: ChecklistItem,
  params: Readonly<Record<string, unknown>>,
  phaseMaxAge: string | undefined,
): { item: PlannedItem } | { problem: Problem } {
  const { raw, kind } = item;
  const meta = kind?.meta;
  let permissions: readonly Permission[];
  try {
    permissions = kind?.permissions(params) ?? [];
  } catch (error) {
    const message = `${String(raw['kind'])} cannot tell its permissions with these params (${errorText(error)})`;
    return { problem: item.yaml.problem(`${item.pointer}/params`, { message }) };
  }
  // An item may add a change to a kind that only reads, and never take one away.
  const mutation = meta?.mutation ?? kind?.mutationOf?.(params);
  const waitFor = raw['waitFor'] as { timeout: string; interval?: string } | undefined;
  return {
    item: {
      id: raw['id'] as string,
      phase: item.phase,
      title: raw['title'] as string,
      kind: meta?.kind ?? PLANNED_KIND,
      place: item.yaml.at(item.pointer),
      source: raw['source'] as number,
      ...(item.section === undefined ? {} : { section: item.section }),
      severity: raw['severity'] as Severity,
      owner: raw['owner'] as string,
      ...(raw['role'] === undefined ? {} : { role: raw['role'] as string }),
      params,
      effect: mutation === undefined ? (meta?.effect ?? 'read-only') : 'mutating',
      ...(mutation === undefined ? {} : { mutation }),
      needs: meta?.needs ?? [],
      permissions,
      ...(raw['when'] === undefined ? {} : { when: raw['when'] as string }),
      allowNotApplicable: raw['allowNotApplicable'] === true,
      expectSubjects: subjectBound((raw['expectSubjects'] ?? '>=1') as string),
      waivable: raw['waivable'] !== false,
      dueBy: (raw['dueBy'] ?? item.phase) as PhaseId,
      onFailure: raw['onFailure'] === 'rollback' ? 'rollback' : 'report',
      maxAgeMs: durationMs((raw['maxAge'] ?? phaseMaxAge ?? DEFAULT_MAX_AGE) as string),
      timeoutMs: durationMs((raw['timeout'] ?? DEFAULT_TIMEOUT) as string),
      ...(waitFor === undefined
        ? {}
        : {
            waitFor: {
              timeoutMs: durationMs(waitFor.timeout),
              intervalMs: durationMs(waitFor.interval ?? DEFAULT_INTERVAL),
            },
          }),
      ...(raw['drill'] === undefined ? {} : { drill: raw['drill'] as string }),
      signOff: raw['signOff'] === true,
    },
  };
}

function subjectBound(text: string): SubjectBound {
  return { comparison: text.startsWith('==') ? '==' : '>=', value: Number(text.slice(2).trim()) };
}

/** What the checklist states, whatever its layout, comments and the environment: moving a line does not change it. */
function checklistDigest(checklist: Checklist): string {
  return digestOf({
    name: checklist.name,
    roles: checklist.roles,
    signing: checklist.signing,
    phases: checklist.phases.map(({ id, title, order, maxAge }) => ({ id, title, order, maxAge })),
    items: checklist.items.map((item) => ({ phase: item.phase, ...item.raw })),
  });
}

function releaseOf(
  head: () => string,
  env: CompileOptions['env'],
  checklist: Checklist,
): Release | { readonly problem: Problem } {
  const variable = (name: string, text: string, fix: string): { problem: Problem } => ({
    problem: { file: name, line: 0, column: 0, field: '', message: text, fix },
  });
  const named = env['GOLIVE_RELEASE'];
  const version = named || checklist.release.version;
  if (named && !/^[A-Za-z0-9][A-Za-z0-9._+-]*$/.test(named)) {
    return variable('GOLIVE_RELEASE', `is not a version (${named})`, 'Write for example v1.0.0');
  }
  const given = env['GOLIVE_COMMIT'];
  if (given && !/^[0-9a-f]{40}$/.test(given)) {
    return variable(
      'GOLIVE_COMMIT',
      `is not a commit (${given})`,
      'Write the 40 hex digits that git rev-parse HEAD prints',
    );
  }
  return { name: checklist.release.name, version, commit: given || checklist.release.commit || head() };
}

function headOf(root: string): string {
  try {
    const text = execFileSync('git', ['rev-parse', 'HEAD'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return /^[0-9a-f]{40}$/.test(text.trim()) ? text.trim() : 'unknown';
  } catch {
    return 'unknown';
  }
}
