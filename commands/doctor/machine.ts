/** What this machine must have: Node, the build, packages, programs, room to write. */
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { satisfies } from 'semver';
import { findNative } from '../../rehearsal/door.ts';
import { findTool, toolEnvironment } from '../../fixtures/rehearsal-client/tools.ts';
import { BUNDLES } from '../../gate/fresh-build.ts';
import { formatBytes, plural } from '../../reports/tell/wording.ts';
import { installCommand, TOOLS } from '../setup.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

/** What golive's package.json says. */
export interface Manifest {
  readonly version: string;
  readonly engines: { readonly node: string };
  readonly dependencies: Readonly<Record<string, string>>;
}

export function nodeFinding(version: string, { engines }: Manifest): Finding {
  return satisfies(version, engines.node)
    ? ok('Node', version)
    : bad('Node', `${version}; golive needs ${engines.node}`, 'Install Node 22, then run npm ci again');
}

/** Which files the command line was split into; made by build.mjs. */
const CHUNK_LIST = 'golive.chunks.json';

/** Is everything built, and nothing newer than what it was built from? `home` is the folder of golive itself. */
export function buildFinding(home: string): Finding {
  const fix = 'npm run build';
  const programs = BUNDLES.map((name) => `${name}.js`);
  const chunks = readJson(join(home, 'dist', CHUNK_LIST));
  const files = [
    ...programs,
    ...(Array.isArray(chunks) ? chunks.map(String).filter((name) => name.endsWith('.js')) : []),
  ];
  const missing = files.filter((name) => !existsSync(join(home, 'dist', name)));
  if (programs.every((name) => missing.includes(name)))
    return bad('build', 'golive has not been built: dist/ is empty', fix);
  if (missing.length > 0) return bad('build', `dist/ lacks ${missing.join(', ')}`, fix);
  const stale = new Set(files.flatMap((name) => newerSources(join(home, 'dist', name))));
  const [first] = stale;
  if (first === undefined) return ok('build', 'golive, its Kubernetes client and the rehearsal are built');
  const others = stale.size === 1 ? '' : ` and ${plural(stale.size - 1, 'more file')}`;
  return warn('build', `${relative(home, first)}${others} changed after dist/ was built`, fix);
}

/** Sources of a bundle, as its source map names them, that changed after it was written. */
function newerSources(bundle: string): string[] {
  const { sources } = (readJson(`${bundle}.map`) ?? {}) as { sources?: readonly string[] };
  const built = statSync(bundle).mtimeMs;
  return (sources ?? [])
    .filter((source) => !source.includes('node_modules'))
    .map((source) => join(dirname(bundle), source))
    .filter((source) => (statSync(source, { throwIfNoEntry: false })?.mtimeMs ?? 0) > built);
}

/** Are the packages there, in the versions that golive asks for? */
export function packagesFinding(home: string, { dependencies }: Manifest): Finding {
  const fix = 'npm ci';
  const found = Object.entries(dependencies).map(([name, range]) => ({ name, range, version: installed(home, name) }));
  const missing = found.filter(({ version }) => version === undefined).map(({ name }) => name);
  if (missing.length > 0) return bad('npm packages', `not installed: ${missing.join(', ')}`, fix);
  const other = found.filter(({ version, range }) => !satisfies(version ?? '', range, { includePrerelease: true }));
  if (other.length === 0) return ok('npm packages', `${found.length} installed`);
  const text = other.map(({ name, range, version }) => `${name} is ${version ?? ''}, wanted ${range}`).join('; ');
  return warn('npm packages', text, fix);
}

function installed(home: string, name: string): string | undefined {
  for (let folder = home; ; folder = dirname(folder)) {
    const manifest = readJson(join(folder, 'node_modules', name, 'package.json'));
    if (manifest) return (manifest as { version?: string }).version;
    if (dirname(folder) === folder) return undefined;
  }
}

/** PostgreSQL comes as an npm package for this platform. */
export function postgresFinding(): Finding {
  try {
    findNative();
    return ok('PostgreSQL', `the package for ${process.platform}-${process.arch} is installed`);
  } catch {
    return bad(
      'PostgreSQL',
      `there is no package for ${process.platform}-${process.arch}: the rehearsal cannot start its database`,
      'npm ci (without --omit=optional)',
    );
  }
}

const VERSION_ARGUMENTS: Readonly<Record<string, readonly string[]>> = { kubectl: ['version', '--client'] };
const VERSION_LIMIT_MS = 5000;
/** Looked for besides what `golive setup` fetches. */
const BROWSER = { program: 'chromium', use: 'prints the report as PDF by hand' };

/** The programs of the rehearsal and of people, with their versions. Where none is to be run here, one that is missing is no fault. */
export async function toolFindings(project: string, rehearsal: boolean): Promise<readonly Finding[]> {
  const findings = TOOLS.map(async (tool) => {
    const { program, use, optional } = tool;
    const path = findTool(program, project);
    if (path !== undefined) return ok(program, await versionOf(program, path, project));
    if (optional) return warn(program, `not found (optional: ${use})`, `npm run setup -- ${program}`);
    if (!rehearsal)
      return warn(program, `not found; it ${use}, and is needed for the rehearsal alone`, 'npm run setup');
    return bad(program, `not found; it ${use}`, `npm run setup, or ${installCommand([tool])}`);
  });
  const browser = findTool(BROWSER.program, project) ?? findTool('google-chrome', project);
  const chromium =
    browser === undefined
      ? ok(BROWSER.program, `not found, and not needed (${BROWSER.use})`)
      : ok(BROWSER.program, await versionOf(BROWSER.program, browser, project));
  return [...(await Promise.all(findings)), chromium];
}

/** `7.0.15 (/usr/bin/redis-server)`. */
function versionOf(program: string, path: string, project: string): Promise<string> {
  const inside = relative(project, path);
  const shown = inside.startsWith('..') ? path : inside;
  return new Promise((resolve) => {
    const options = { env: toolEnvironment(), timeout: VERSION_LIMIT_MS, killSignal: 'SIGKILL' as const };
    execFile(path, [...(VERSION_ARGUMENTS[program] ?? ['--version'])], options, (error, stdout) => {
      resolve(`${error ? 'of a version that cannot be told' : versionIn(stdout)} (${shown})`);
    });
  });
}

/** The first number with a dot that is no part of a path; else the first line as it is. */
export function versionIn(output: string): string {
  const [line = ''] = output.trim().split('\n');
  const version = /\d+\.\d[\w.+-]*/.exec(line.replace(/\S*\/\S*/g, ''))?.[0];
  return version ?? (line === '' ? 'of a version that it does not tell' : line);
}

const LITTLE_SPACE = 1024 ** 3;
const NO_SPACE = 100 * 1024 ** 2;

/** Can runs and reports be written, and is there room for them? */
export function folderFinding(root: string, folder: string): Finding {
  let existing = join(root, folder);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  try {
    if (!statSync(existing).isDirectory()) {
      return bad(
        folder,
        `${relative(root, existing) || existing} is a file`,
        `Move it away: golive needs a folder there`,
      );
    }
    const probe = mkdtempSync(join(existing, '.golive-doctor-'));
    writeFileSync(join(probe, 'probe'), 'x');
    rmSync(probe, { recursive: true, force: true });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error);
    return bad(folder, `cannot be written (${code})`, `Make ${existing} writable for this user`);
  }
  const { bavail, bsize } = statfsSync(existing);
  const free = bavail * bsize;
  const text = `writable, ${formatBytes(free)} free`;
  if (free < NO_SPACE) return bad(folder, text, 'Free some space: a run that cannot be recorded cannot decide');
  return free < LITTLE_SPACE ? warn(folder, text, 'Free some space') : ok(folder, text);
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
