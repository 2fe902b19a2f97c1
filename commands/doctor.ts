/** `golive doctor`: diagnoses this machine, this project and the way to the cluster, and says what to do. */
import { dirname, resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { EXIT } from '../checks/contract/decision.ts';
import type { Plan } from '../checks/contract/plan.ts';
import { findDist } from '../fixtures/rehearsal-client/start.ts';
import { DEFAULT_DIR, standingOf } from '../fixtures/rehearsal-client/state-file.ts';
import manifest from '../package.json' with { type: 'json' };
import { peopleStanding } from '../reports/decide/people.ts';
import { readPeople } from '../specs/loader/people/load.ts';
import { plural } from '../reports/tell/wording.ts';
import { renderProblem } from '../specs/loader/problems.ts';
import { grantCommand } from '../specs/loader/rbac-manifest.ts';
import { rightsOf } from '../specs/loader/rbac.ts';
import { compileSelected, type Selection } from './compile.ts';
import { askRights, reachFindings, rightsFindings, withCluster } from './doctor/cluster.ts';
import { authorityFindings, secretFindings } from './doctor/environment.ts';
import { bad, countOf, ok, renderSections, warn, type Finding, type Section } from './doctor/finding.ts';
import { ledgerFinding, ledgerKeyFindings } from './doctor/ledger.ts';
import { kubeconfigFindings } from './doctor/kubeconfig.ts';
import {
  buildFinding,
  folderFinding,
  nodeFinding,
  packagesFinding,
  postgresFinding,
  toolFindings,
} from './doctor/machine.ts';
import { rehearsalFindings } from './doctor/rehearsal.ts';
import { signingFindings } from './doctor/signing.ts';
import { projectRoot } from './root.ts';
import { hasColour, writeJson, writePainted } from './write.ts';

export interface DoctorOptions extends Selection {
  readonly json?: boolean;
}

/** 0 all is well, also with warnings; 1 something is broken. Changes nothing. */
export async function doctor(options: DoctorOptions): Promise<number> {
  const root = projectRoot();
  const home = dirname(findDist());
  const compiled = compileSelected(root, options);
  const plan = 'plan' in compiled ? compiled.plan : undefined;
  const sections: Section[] = [
    {
      title: 'This machine',
      findings: [
        nodeFinding(process.version, manifest),
        buildFinding(home),
        packagesFinding(home, manifest),
        postgresFinding(),
        ...(await toolFindings(root, plan?.environment.rehearsal ?? true)),
      ],
    },
    {
      title: 'This project',
      findings: [
        ...projectFindings(root, compiled),
        folderFinding(root, '.golive'),
        folderFinding(root, 'reports/out'),
        ledgerFinding(root),
        ...(plan ? ledgerKeyFindings(root, plan, process.env, new Date()) : []),
        ...(plan ? signingFindings(root, plan, new Date()) : []),
      ],
    },
    { title: 'Rehearsal', findings: rehearsalFindings(resolve(root, DEFAULT_DIR)) },
    ...(plan
      ? [{ title: `Environment ${plan.environment.name}`, findings: await environmentFindings(root, plan) }]
      : []),
  ];
  const broken = countOf(sections, 'bad') > 0;
  if (options.json) writeJson({ golive: manifest.version, ok: !broken, sections });
  else writePainted(renderSections(sections, { width: process.stdout.columns || 80, colour: hasColour() }));
  return broken ? EXIT['NO-GO'] : EXIT.GO;
}

function projectFindings(root: string, compiled: ReturnType<typeof compileSelected>): readonly Finding[] {
  if ('problems' in compiled) {
    return [
      bad('checklist', `${plural(compiled.problems.length, 'problem')} in its files`, 'golive validate shows them'),
      ...compiled.problems.slice(0, 5).map((problem) => bad('', renderProblem(problem))),
    ];
  }
  const { plan } = compiled;
  const now = new Date();
  const people = readPeople(root, plan, now);
  const standing = peopleStanding(plan, people, now);
  return [
    ok('checklist', `${plan.checklist.file}, ${plural(plan.items.length, 'item')}, release ${plan.release.version}`),
    ...(plan.release.commit === 'unknown'
      ? [warn('git commit', 'cannot be told: decisions name no commit', 'Set GOLIVE_COMMIT, or run in a git clone')]
      : []),
    ...people.problems.map((problem) => bad('waivers', renderProblem(problem))),
    ...standing.map(({ place, text }) => warn('waivers', `${place}: ${text}`)),
  ];
}

async function environmentFindings(root: string, plan: Plan): Promise<readonly Finding[]> {
  const { environment } = plan;
  const { kubeconfig, rehearsal } = environment;
  if (rehearsal && standingOf(resolve(root, DEFAULT_DIR)).is !== 'running') {
    return [ok('cluster', 'the embedded rehearsal; it starts with a run, and stays with golive up')];
  }
  const now = new Date();
  const kube = kubeconfigFindings(root, kubeconfig, now);
  const file = [...kube, ...secretFindings(root, environment), ...authorityFindings(root, environment, now)];
  if (kube.some(({ state, check }) => check === 'kubeconfig' && state === 'bad')) return file;
  const where = { ...kubeconfig, path: resolve(root, kubeconfig.path) };
  try {
    const cluster = await withCluster(where, async (link) => {
      const { reached, findings } = await reachFindings(link);
      if (!reached) return findings;
      const { rights, user } = await askRights(link, rightsOf(plan));
      return [...findings, ...rightsFindings(rights, grantCommand(plan, user))];
    });
    return [...file, ...cluster];
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    return [...file, bad('rights', `cannot be asked for: ${error.message}`, error.fix)];
  }
}
