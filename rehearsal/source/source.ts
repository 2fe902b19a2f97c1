/**
 * What the platform is built from, as a pipeline leaves it: a checkout of the release with its history, and beside it the results of its
 * tests, which really ran. Templates are in tree/. Nothing of it is on the way to a ready platform.
 */
import { cpSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import { writeAtomically } from '../../fixtures/rehearsal-client/state-file.ts';
import type { Release } from '../levers.ts';
import type { PlatformContext } from '../platform-types.ts';
import type { PostgresServer } from '../postgres/server.ts';
import { RELEASE_COMMIT } from '../topology.ts';
import { makeHistory } from './history.ts';
import { migrate } from './migrations.ts';
import { runSuite, SUITES, type Suite } from './suites.ts';

const names = Object.keys(SUITES) as readonly Suite[];

/** Makes the checkout, runs its tests and migrates the database; adds `source.edit` and `source.test`. */
export async function startSource(context: PlatformContext, postgres: Promise<PostgresServer>): Promise<void> {
  const tree = join(dirname(context.dist), 'rehearsal/source/tree');
  const folder = join(context.dir, 'source');
  const results = join(context.dir, 'test-results', RELEASE_COMMIT);
  for (const one of [folder, results]) rmSync(one, { recursive: true, force: true });
  mkdirSync(results, { recursive: true, mode: 0o700 });
  cpSync(tree, folder, { recursive: true });
  const places = { folder, results };
  addSourceLevers(context, places);
  await Promise.all([
    makeHistory(context, tree, folder),
    postgres.then((server) => migrate(server, join(tree, 'migrations'))),
    runSuites(context, places, names),
  ]);
}

interface Places {
  readonly folder: string;
  readonly results: string;
}

/** One after the other: there are other things to do for two cores. */
async function runSuites(
  context: PlatformContext,
  places: Places,
  suites: readonly Suite[],
  commit = RELEASE_COMMIT,
): Promise<void> {
  for (const suite of suites) await runSuite(context, suite, { ...places, commit });
}

/**
 * `source.edit {edits: [{file, find, put}], test?}`: somebody changes files of the checkout, and where `test` says so its suites run on
 * what came of it; `source.test {commit}`: the suites that name a commit run on another one.
 */
function addSourceLevers(context: PlatformContext, places: Places): void {
  context.levers.add('source.edit', async ({ edits, test }) => {
    const undo = editAll(places.folder, edits);
    const back = test === true ? await tested(context, places, RELEASE_COMMIT) : undefined;
    return async () => {
      undo();
      await back?.();
    };
  });
  context.levers.add('source.test', ({ commit }: LeverArguments) => {
    if (typeof commit !== 'string') throw new Error('source.test takes commit, a text');
    return tested(context, places, commit);
  });
}

/** Runs the suites again; afterwards the reports of before are put back. */
async function tested(context: PlatformContext, places: Places, commit: string): Promise<Release> {
  const files = Object.values(SUITES).map((name) => join(places.results, name));
  const before = files.map((file) => ({ file, text: readFileSync(file, 'utf8') }));
  await runSuites(context, places, names, commit);
  return () => {
    for (const { file, text } of before) writeAtomically(file, text);
    return Promise.resolve();
  };
}

/** All or none: a text that is not there changes nothing. */
function editAll(folder: string, edits: unknown): () => void {
  const all = (Array.isArray(edits) ? (edits as Readonly<Record<string, unknown>>[]) : []).map(
    ({ file, find, put }) => {
      const path = join(folder, String(file));
      const before = readFileSync(path, 'utf8');
      const after = before.replace(String(find), () => String(put));
      if (after === before) throw new Error(`source.edit: ${String(file)} does not hold ${String(find)}`);
      return { path, before, after };
    },
  );
  if (all.length === 0) throw new Error('source.edit takes edits, a list of {file, find, put}');
  for (const { path, after } of all) writeAtomically(path, after);
  return () => {
    for (const { path, before } of all) writeAtomically(path, before);
  };
}
