/** Debian packages unpacked into a private folder: needs no root, starts no service, changes nothing outside the project. */
import { execFile } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import { findTool } from '../fixtures/rehearsal-client/tools.ts';

const run = promisify(execFile);
const DOWNLOAD_LIMIT_MS = 180_000;

export interface UnpackOptions {
  /** Packages that hold the programs; what they depend on and the machine lacks comes with them. */
  readonly packages: readonly string[];
  readonly programs: readonly string[];
  /** `.golive/tools`: `root/` gets the packages' files, `bin/` a wrapper for each program. */
  readonly tools: string;
  readonly say: (line: string) => void;
}

/** Whether this machine has Debian's tools. */
export function canUnpackDebian(): boolean {
  return ['apt-get', 'apt-cache', 'dpkg'].every((program) => findTool(program) !== undefined);
}

/** Downloads and unpacks. Throws with apt's own last line when it cannot. */
export async function unpackDebian({ packages, programs, tools, say }: UnpackOptions): Promise<void> {
  const downloads = join(tools, 'downloads');
  const root = join(tools, 'root');
  mkdirSync(downloads, { recursive: true });
  mkdirSync(root, { recursive: true });
  const apt = await usableLists(packages, tools, say);
  const names = await withDependencies(packages, apt);
  await tool('apt-get', [...apt, 'download', ...names], downloads);
  for (const file of readdirSync(downloads).filter((name) => name.endsWith('.deb'))) {
    say(`unpacking ${file}`);
    await tool('dpkg', ['-x', join(downloads, file), root], downloads);
  }
  for (const program of programs) writeWrapper(program, tools);
  rmSync(downloads, { recursive: true, force: true });
}

async function tool(program: string, args: readonly string[], cwd: string): Promise<string> {
  try {
    const env = { ...process.env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
    const options = { cwd, env, timeout: DOWNLOAD_LIMIT_MS, maxBuffer: 16 * 1024 * 1024 };
    return (await run(program, [...args], options)).stdout;
  } catch (cause) {
    const stderr = (cause as { stderr?: string }).stderr?.trim().split('\n') ?? [];
    const said = stderr.findLast((line) => line.startsWith('E:')) ?? stderr.at(-1) ?? '';
    throw new Error(`${program} failed${said === '' ? '' : `: ${said}`}`, { cause });
  }
}

/** The machine's package lists, or private ones where it has none, as in a fresh container. Answers apt's options. */
async function usableLists(packages: readonly string[], tools: string, say: (line: string) => void): Promise<string[]> {
  const known = async (options: readonly string[]): Promise<boolean> => {
    const shown = await run('apt-cache', [...options, 'show', ...packages]).catch(() => undefined);
    return shown !== undefined && shown.stdout.includes('Filename:');
  };
  // Without a download user: as root apt would otherwise warn that it may not write here.
  const plain = ['-o', 'APT::Sandbox::User=root'];
  if (await known(plain)) return plain;
  say('this machine has no package lists yet: fetching them');
  const lists = join(tools, 'apt', 'lists');
  const cache = join(tools, 'apt', 'cache');
  mkdirSync(join(lists, 'partial'), { recursive: true });
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true });
  const own = [...plain, '-o', `Dir::State::Lists=${lists}`, '-o', `Dir::Cache=${cache}`];
  await tool('apt-get', [...own, '-o', 'Debug::NoLocking=1', 'update'], tools);
  return own;
}

/** The packages themselves, those that really hold their programs, and what the machine lacks of their dependencies. */
async function withDependencies(packages: readonly string[], apt: readonly string[]): Promise<readonly string[]> {
  const depends = await tool('apt-cache', [...apt, 'depends', '--important', ...packages], '/');
  const simulated = await tool(
    'apt-get',
    [...apt, 'install', '--simulate', '--no-install-recommends', ...packages],
    '/',
  );
  return [...new Set([...packages, ...ownPackages(depends), ...installedNames(simulated)])];
}

/** Of a metapackage such as postgresql-client the versioned package behind it; of that, the library of the same source. */
export function ownPackages(depends: string): string[] {
  const names = [...depends.matchAll(/^\s*Depends: ([a-z0-9][a-z0-9+.-]*)\s*$/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => /^postgresql-client-\d+$/.test(name));
}

/** Names that `apt-get install --simulate` would install anew; packages that are only upgraded are there already. */
export function installedNames(simulated: string): string[] {
  return [...simulated.matchAll(/^Inst (\S+) (?!\[)/gm)].map((match) => match[1] ?? '');
}

/** A script in `bin/` that runs the unpacked program with the unpacked libraries, wherever the folder stands. */
function writeWrapper(program: string, tools: string): void {
  const real = findProgram(join(tools, 'root'), program);
  if (real === undefined) return;
  const bin = join(tools, 'bin');
  mkdirSync(bin, { recursive: true });
  writeFileSync(join(bin, program), wrapperScript(relative(tools, real), libraryFolders(tools)));
  chmodSync(join(bin, program), 0o755);
}

/** The wrapper's text; all paths are relative to the tools folder. */
export function wrapperScript(program: string, libraries: readonly string[]): string {
  const path = libraries.map((folder) => `$tools/${folder}`).join(':');
  return [
    '#!/bin/sh',
    'tools=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)',
    `LD_LIBRARY_PATH="${path}\${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}" exec "$tools/${program}" "$@"`,
    '',
  ].join('\n');
}

/** The program's file: versioned folders first, since `usr/bin` may hold a script that looks for an installed version. */
function findProgram(root: string, program: string): string | undefined {
  const versions = list(join(root, 'usr/lib/postgresql')).map((version) => `usr/lib/postgresql/${version}/bin`);
  const folders = [...versions, 'usr/bin', 'bin', 'usr/sbin'];
  return folders.map((folder) => join(root, folder, program)).find(isFile);
}

function libraryFolders(tools: string): readonly string[] {
  return ['root/usr/lib', 'root/lib'].flatMap((folder) => [
    ...list(join(tools, folder))
      .filter((name) => /^[a-z0-9_]+-linux-[a-z]+$/.test(name))
      .map((name) => `${folder}/${name}`),
    folder,
  ]);
}

function list(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function isFile(path: string): boolean {
  try {
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
