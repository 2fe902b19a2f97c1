/** `golive plan`: what would run, against what, what it may change, which rights it needs. Touches no cluster. */
import { EXIT } from '../checks/contract/decision.ts';
import { kinds } from '../checks/index.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { planOfPart, type GatePart } from '../specs/loader/gate-parts.ts';
import { loadChecklist } from '../specs/loader/load-checklist.ts';
import { GATE_USER, rbacFor, type RbacSubject } from '../specs/loader/rbac-manifest.ts';
import { renderPlan } from '../specs/loader/render-plan.ts';
import { compileOrTell, type Selection } from './compile.ts';
import { writeError, writeJson, writeOut } from './write.ts';

export interface PlanOptions extends Selection {
  readonly rbac?: boolean;
  readonly json?: boolean;
  /** `user:NAME` or `serviceaccount:NAMESPACE/NAME`. */
  readonly subject?: string;
  /** Of the rights: what runs by itself in the cluster. */
  readonly part?: GatePart;
}

export async function plan(options: PlanOptions): Promise<number> {
  const subject = subjectOf(options.subject);
  if (!subject) {
    writeError(`--subject ${options.subject ?? ''}: write user:NAME or serviceaccount:NAMESPACE/NAME.`);
    return Promise.resolve(EXIT.usage);
  }
  const compiled = compileOrTell(options);
  if (!compiled) return Promise.resolve(EXIT.usage);
  if (options.rbac) writeOut(rightsText(compiled, subject, options.part));
  else if (options.json) writeJson(compiled.plan);
  else writeOut(renderPlan(compiled.plan, { armedFor: process.env['GOLIVE_ARM'] }));
  return Promise.resolve(EXIT.GO);
}

function rightsText(
  { plan, root }: { readonly plan: Plan; readonly root: string },
  subject: RbacSubject,
  part?: GatePart,
): string {
  if (part === undefined) return rbacFor(plan, subject);
  const { schedules } = loadChecklist(root, plan.checklist.file, kinds).checklist;
  return rbacFor(planOfPart(plan, part, schedules), subject, part);
}

function subjectOf(text: string | undefined): RbacSubject | undefined {
  if (text === undefined) return GATE_USER;
  const user = /^user:(\S+)$/.exec(text)?.[1];
  if (user !== undefined) return { kind: 'User', name: user };
  const account = /^serviceaccount:([a-z0-9-]+)\/([a-z0-9.-]+)$/.exec(text);
  const [, namespace, name] = account ?? [];
  return namespace === undefined || name === undefined ? undefined : { kind: 'ServiceAccount', namespace, name };
}
