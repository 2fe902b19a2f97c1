/** `golive run`: shows what an execution would do and, with `--execute`, builds, pushes and applies the release. */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { EXIT } from '../../checks/contract/decision.ts';
import type { CheckContext } from '../../checks/contract/capabilities.ts';
import { ObservationError } from '../../checks/contract/capabilities.ts';
import type { Environment, Mutation } from '../../checks/contract/environment.ts';
import type { Plan } from '../../checks/contract/plan.ts';
import { durationMs } from '../../checks/contract/units.ts';
import { registrySession } from '../../checks/protocols/oci.ts';
import { openHost } from '../../fixtures/capabilities/host-impl.ts';
import { releaseLock, takeLock } from '../../fixtures/rehearsal-client/state-file.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from '../write.ts';
import { renderProblems } from '../../specs/loader/problems.ts';
import { compileOrTell, type Selection } from '../compile.ts';
import { withCluster } from '../doctor/cluster.ts';
import { liveEnvironment } from '../live-environment.ts';
import { applyAll, objectsToApply, waitForAll } from './apply.ts';
import { readExecution, type Execution } from './file.ts';
import { buildImages, ExecutionFailed, type PushedImage } from './images.ts';
import { EXECUTIONS, openJournal, unfinishedExecution, type Journal } from './journal.ts';
import { commandsFor, type ImageToBuild } from './templates.ts';

const LIMIT_MS = 4 * 3_600_000;

export interface ExecuteOptions extends Selection {
  readonly execute?: boolean;
  readonly json?: boolean;
}

/** 0 done or shown, 1 a step failed, 2 not allowed, not armed or not reached, 64 invalid files. */
export async function run(options: ExecuteOptions): Promise<number> {
  const compiled = compileOrTell(options);
  if (!compiled) return EXIT.usage;
  const { plan, root } = compiled;
  const read = readExecution(root, plan);
  if (!read) {
    writeError(
      'There is no execution.yaml beside the checklist.\nFix: write how the release is built and applied; README.md, “Building, pushing and applying”, shows one.',
    );
    return EXIT.usage;
  }
  if ('problems' in read) {
    writePainted(renderProblems(read.problems, { colour: hasColour(process.stderr) }), process.stderr);
    return EXIT.usage;
  }
  const { execution } = read;
  if (options.execute !== true) return show(execution, plan, options.json === true);
  const refused = refusalOf(execution, plan, process.env['GOLIVE_ARM']);
  if (refused !== null) {
    writeError(refused);
    return EXIT.HOLD;
  }
  // Two at once would push and apply over one another.
  const folder = join(root, EXECUTIONS);
  const other = takeLock(folder);
  if (other) {
    writeError(
      `Another execution is under way (process ${other.owner.pid}): nothing was done.\nFix: wait for it, or end it and run the same command again.`,
    );
    return EXIT.HOLD;
  }
  try {
    return await execute(execution, plan, root);
  } finally {
    releaseLock(folder);
  }
}

function show(execution: Execution, plan: Plan, json: boolean): number {
  const builds = imagesOf(execution, plan).map((image) => ({
    image: image.image,
    ...commandsFor(execution.build?.tool ?? 'docker', image, execution.build?.command),
  }));
  const files = execution.apply?.files ?? [];
  if (json) writeJson({ changes: changesOf(execution), builds, files });
  else {
    const commands = builds.flatMap(({ build, push }) => [build, ...(push ? [push] : [])]);
    const lines = [...commands.map((one) => one.join(' ')), ...files.map((file) => `apply ${file}`)];
    writeOut(
      [
        `Would make changes of the classes ${changesOf(execution).join(', ')}:`,
        ...lines.map((line) => `  ${line}`),
      ].join('\n'),
    );
  }
  return EXIT.GO;
}

/** Classes of change: a tool that pushes what it builds makes both. */
const changesOf = ({ build, apply }: Execution): readonly Mutation[] => [
  ...(build ? (['build', 'push'] as const) : []),
  ...(apply ? (['apply'] as const) : []),
];

/** Why nothing may be changed; null where it may. */
export function refusalOf(
  execution: Execution,
  {
    environment,
    release,
  }: {
    readonly environment: Pick<Environment, 'name' | 'mutations' | 'rehearsal'>;
    readonly release: Pick<Plan['release'], 'version'>;
  },
  armed: string | undefined,
): string | null {
  const missing = changesOf(execution).filter((one) => !environment.mutations.includes(one));
  if (missing.length > 0)
    return `${environment.name} allows no change of the class ${missing.join(', ')}: nothing was done.\nFix: name it under mutations in its environment file.`;
  if (environment.rehearsal || armed === release.version) return null;
  return `Nothing is armed${armed === undefined ? '' : ` but ${armed}`}: nothing was done.\nFix: run with GOLIVE_ARM=${release.version} when the changes may be made.`;
}

async function execute(execution: Execution, plan: Plan, root: string): Promise<number> {
  const { release, environment } = plan;
  const before = unfinishedExecution(root, release.commit, environment.name);
  const journal = openJournal(
    root,
    before ?? `${new Date().toISOString().replaceAll(/[-:.]/g, '')}-${randomBytes(4).toString('hex')}`,
  );
  const over = new AbortController();
  const stop = (): void => over.abort(new ExecutionFailed('interrupted; the same command goes on from here'));
  process.once('SIGINT', stop).once('SIGTERM', stop);
  try {
    if (before === null)
      journal.tell({
        event: 'begun',
        release: release.version,
        commit: release.commit,
        environment: environment.name,
        pid: process.pid,
      });
    else {
      journal.tell({ event: 'resumed', pid: process.pid });
      writeOut(`Going on with execution ${before}.`);
    }
    const live = { ...plan, environment: await liveEnvironment(root, environment, over.signal) };
    await perform(execution, live, {
      root,
      journal,
      signal: AbortSignal.any([over.signal, AbortSignal.timeout(LIMIT_MS)]),
    });
    journal.tell({ event: 'finished' });
    writeOut('Done. Whether it may go live, the gate tells: npx playwright test');
    return EXIT.GO;
  } catch (error) {
    const why = over.signal.reason instanceof ExecutionFailed ? over.signal.reason.message : textOf(error);
    journal.tell({ event: 'failed', why });
    writeError(`${why}\nFix: repair it and run the same command: what is done is not done again.`);
    return error instanceof ExecutionFailed ? EXIT['NO-GO'] : EXIT.HOLD;
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop);
    journal.close();
  }
}

/** Neither of the two: a defect, which is not told as a result. */
function textOf(error: unknown): string {
  if (error instanceof ExecutionFailed || error instanceof ObservationError) return error.message;
  throw error;
}

async function perform(
  execution: Execution,
  plan: Plan,
  { root, journal, signal }: { readonly root: string; readonly journal: Journal; readonly signal: AbortSignal },
): Promise<void> {
  const { environment } = plan;
  const pushed = await buildAll(execution, plan, { root, journal, signal });
  const { apply } = execution;
  if (!apply) return;
  const files = apply.files.map((file) => ({ file, text: readFileSync(resolve(root, file), 'utf8') }));
  const objects = objectsToApply(files, pushed);
  await withCluster({ ...environment.kubeconfig, path: resolve(root, environment.kubeconfig.path) }, async (link) => {
    const applying = { access: await link.access(signal), signal, journal, say: writeOut };
    const applied = await applyAll(objects, applying);
    await waitForAll(applied, pushed, durationMs(apply.within), applying);
  });
}

async function buildAll(
  execution: Execution,
  plan: Plan,
  { root, journal, signal }: { readonly root: string; readonly journal: Journal; readonly signal: AbortSignal },
): Promise<readonly PushedImage[]> {
  const { build } = execution;
  const registry = plan.environment.registries[build?.registry ?? ''];
  if (!build || !registry) return [];
  const host = openHost({ environment: plan.environment, runDir: root, phase: 'phase2' });
  try {
    const context: CheckContext = {
      item: 'execute',
      now: new Date(),
      signal,
      fresh: true,
      progress: () => undefined,
      wait: () => Promise.resolve(),
    };
    const session = registrySession(host.open(['http'], context).http, registry);
    const runProgram = (command: readonly string[]): Promise<number> => runIn(root, command, signal);
    const { tool, command: own } = build;
    return await buildImages(imagesOf(execution, plan), {
      tool,
      own,
      session,
      journal,
      run: runProgram,
      say: writeOut,
    });
  } finally {
    await host.close();
  }
}

const imagesOf = ({ build }: Execution, { release: { commit, version } }: Plan): readonly ImageToBuild[] =>
  (build?.images ?? []).map(({ image, context, dockerfile }) => ({
    ...{ context, dockerfile, commit, version },
    image: image.replaceAll('{version}', version),
  }));

/** As it is, without a shell; ends with us. */
function runIn(cwd: string, [program = '', ...args]: readonly string[], signal: AbortSignal): Promise<number> {
  return new Promise((done, fail) => {
    const child = spawn(program, args, { cwd, stdio: ['ignore', 'inherit', 'inherit'], signal });
    child.once('error', (error: NodeJS.ErrnoException) =>
      fail(new ExecutionFailed(error.code === 'ENOENT' ? `${program} is not on this machine` : error.message)),
    );
    child.once('close', (code) => done(code ?? 1));
  });
}
