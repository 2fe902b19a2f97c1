/**
 * The Git history of the sources: two releases, by a fixed author at fixed times, so that their commits are the same on every machine and
 * images, checklist and test results can name them. Changing a file below tree/ changes them: the test beside this file tells the new ones.
 */
import { spawn } from 'node:child_process';
import { closeSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import type { Writable } from 'node:stream';
import { exitOf, openLog } from '../child-process.ts';
import type { PlatformContext } from '../platform-types.ts';
import { RELEASES } from '../topology.ts';
import { findTool } from '../../fixtures/rehearsal-client/tools.ts';

const AUTHOR = 'CODE platform <release@mcp.test>';
/** What came with the release that goes live; all else was there before. */
const NEW_IN_BLUE = /^migrations\/[VU]3__/;
const COMMITS = [
  { tag: RELEASES.green, at: '2025-11-03T09:12:44Z', holds: (file: string) => !NEW_IN_BLUE.test(file) },
  { tag: RELEASES.blue, at: '2026-01-05T14:30:21Z', holds: () => true },
] as const;

/** All files below a folder, relative to it, sorted. */
export function filesBelow(folder: string, at = folder): readonly string[] {
  return readdirSync(at, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(at, entry.name);
      return entry.isDirectory() ? filesBelow(folder, path) : [relative(folder, path)];
    })
    .sort();
}

/** The history as `git fast-import` reads it. */
export function historyOf(tree: string): Buffer {
  const files = filesBelow(tree).map((path) => ({ path, content: readFileSync(join(tree, path)) }));
  const parts: (string | Buffer)[] = [];
  for (const [index, { tag, at, holds }] of COMMITS.entries()) {
    const who = `${AUTHOR} ${Date.parse(at) / 1000} +0000`;
    const message = `Release ${tag}\n`;
    parts.push(`commit refs/heads/main\nmark :${index + 1}\nauthor ${who}\ncommitter ${who}\n`);
    parts.push(`data ${message.length}\n${message}`, index === 0 ? '' : `from :${index}\n`);
    for (const { path, content } of files.filter((one) => holds(one.path)))
      parts.push(`M 100644 inline ${path}\ndata ${content.length}\n`, content, '\n');
    parts.push(`\nreset refs/tags/${tag}\nfrom :${index + 1}\n\n`);
  }
  return Buffer.concat(parts.map((part) => Buffer.from(part)));
}

/** Makes the history of `tree`, which holds the same files as `folder`, in `folder`. Without Git there is none, and what needs it says so. */
export async function makeHistory(context: PlatformContext, tree: string, folder: string): Promise<void> {
  if (findTool('git') === undefined) return context.log('source: no history, as git is not installed on this machine');
  await git(context, folder, ['init', '--quiet', '--template=', '--initial-branch=main', '--object-format=sha1']);
  await git(context, folder, ['fast-import', '--quiet'], historyOf(tree));
  // Until then every file counts as deleted.
  await git(context, folder, ['reset', '--quiet', '--mixed', 'HEAD']);
}

async function git(context: PlatformContext, folder: string, args: readonly string[], input?: Buffer) {
  const log = openLog(context.dir, 'source');
  const child = spawn(
    findTool('git') ?? 'git',
    ['-C', folder, '-c', 'core.autocrlf=false', '-c', 'core.fileMode=false', ...args],
    {
      detached: true,
      cwd: context.temporary,
      stdio: ['pipe', log, log],
      env: {
        PATH: process.env['PATH'] ?? '/usr/bin:/bin',
        GIT_CONFIG_GLOBAL: '/dev/null',
        GIT_CONFIG_NOSYSTEM: '1',
      },
    },
  );
  closeSync(log);
  context.reaper.hold(child);
  const stdin = child.stdin as Writable;
  stdin.on('error', () => undefined);
  stdin.end(input);
  const code = await exitOf(child);
  if (code !== 0) throw new Error(`git ${args[0] ?? ''} ended with exit code ${code}; see logs/source.log`);
}
