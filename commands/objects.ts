/** What the commands on objects share: where these come from, and the questions that come as JSON lines. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { ResourceType } from '../checks/contract/cluster.ts';
import { EXIT } from '../checks/contract/decision.ts';
import { NoSuchPath, readPaths, STDIN } from '../fixtures/object-files.ts';
import { findTool } from '../fixtures/rehearsal-client/tools.ts';
import type { ReadDocuments, ReadObject, UnreadDocument } from '../k8s/semantics/objects/read.ts';
import type { Selection } from './compile.ts';
import type { ReadType } from './live-objects.ts';
import { writeError, writeOut } from './write.ts';

export interface ObjectSources extends Selection {
  /** Read from the cluster of the environment instead of files. */
  readonly live?: boolean;
}

/** The objects of the paths, or of the cluster; a number is the exit code once it was said what is wrong. */
export async function objectsOf(
  paths: readonly string[],
  options: ObjectSources,
  types: readonly ResourceType[],
): Promise<ReadDocuments | number> {
  if (options.live === true) {
    if (paths.length === 0) return await liveObjects(options, types);
    writeError('Name paths, or --live for the cluster of the environment: not both.');
    return EXIT.usage;
  }
  if (paths.length === 0) {
    writeError(
      'Name files or folders of Kubernetes objects, - for standard input, or --live for the cluster of the environment.',
    );
    return EXIT.usage;
  }
  try {
    return readPaths(paths, { from: process.cwd(), kubectl: findTool('kubectl') });
  } catch (error) {
    if (!(error instanceof NoSuchPath)) throw error;
    writeError(`${error.message}.`);
    return EXIT.usage;
  }
}

/** Lists of a cluster as if they had been read from files; they stand nowhere. */
export function fromLists(lists: readonly ReadType[]): ReadDocuments {
  const place = { file: '', document: 1, line: 1, column: 1 };
  return {
    objects: lists.flatMap(({ type, listed = [] }) =>
      listed.map((object): ReadObject => {
        return { object: { ...object, apiVersion: type.apiVersion, kind: type.kind }, place, at: () => place };
      }),
    ),
    unread: lists.flatMap(({ type, refused }): readonly UnreadDocument[] =>
      refused === undefined ? [] : [{ place, why: `${type.kind} objects: ${refused}` }],
    ),
  };
}

async function liveObjects(selection: Selection, types: readonly ResourceType[]): Promise<ReadDocuments | number> {
  const { compileOrTell } = await import('./compile.ts');
  const compiled = compileOrTell(selection);
  if (!compiled) return EXIT.usage;
  const { kubeconfig } = compiled.plan.environment;
  const { listEverywhere } = await import('./live-objects.ts');
  try {
    const lists = await listEverywhere({ ...kubeconfig, path: resolve(compiled.root, kubeconfig.path) }, types);
    return fromLists(lists);
  } catch (error) {
    if (!(error instanceof ObservationError)) throw error;
    writeError(
      `The cluster could not be read: ${error.message}.${error.fix === undefined ? '' : `\nFix: ${error.fix}.`}`,
    );
    return EXIT.HOLD;
  }
}

/**
 * Says on stderr what could not be read. Where that may hold an object, an answer without it may be wrong: the exit code handed to what
 * this returns becomes 2, unless it is wrong use.
 */
export function tellUnread(unread: readonly UnreadDocument[]): (code: number) => number {
  for (const { place, why } of unread)
    writeError(`Not read: ${place.file === '' ? '' : `${place.file}:${place.line}:${place.column}: `}${why}.`);
  const isCertain = unread.every(({ isNoObject }) => isNoObject === true);
  return (code) => (isCertain || code === EXIT.usage ? code : EXIT.HOLD);
}

/**
 * Answers JSON lines from a file or standard input, each with the same object and more, in their order. 0 when each was answered, 2 when one
 * was not, 64 for a line that is no question.
 */
export function answerLines(
  file: string,
  answer: (question: Readonly<Record<string, unknown>>) => { readonly answered: boolean; readonly more: object },
): number {
  let text: string;
  try {
    text = readFileSync(file === STDIN ? 0 : file, 'utf8');
  } catch {
    writeError(`${file}: cannot be read.`);
    return EXIT.usage;
  }
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
  const out: string[] = [];
  let [code, wrong]: [number, number] = [EXIT.GO, 0];
  for (const { line, number } of lines) {
    const question = parsed(line);
    if (question === undefined) {
      wrong += 1;
      if (wrong <= 10) writeError(`${file}:${number}:1: this line is no JSON object.`);
      continue;
    }
    const { answered, more } = answer(question);
    if (!answered) code = EXIT.HOLD;
    out.push(JSON.stringify({ ...question, ...more }));
  }
  if (out.length > 0) writeOut(out.join('\n'));
  return wrong > 0 ? EXIT.usage : code;
}

function parsed(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}
