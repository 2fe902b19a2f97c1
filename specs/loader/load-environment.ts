/** Environment files: validated like checklists, secrets by reference only, tokens of the rehearsal in its own file only. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, join, relative, resolve } from 'node:path';
import type { Environment } from '../../checks/contract/environment.ts';
import { schemaErrors } from '../../checks/kit/params.ts';
import { problemsFromAjv } from './ajv-problems.ts';
import { environmentSchema } from './environment-schema.ts';
import { firstProblems, isSecretName, showValue, type Problem } from './problems.ts';
import { isPlaceholder, isRfc3339 } from './people/words.ts';
import { didYouMean } from './suggest.ts';
import { at, isRecord, listAt } from '../../checks/contract/json.ts';
import { checkRehearsalTokens, keepTokens, withRehearsalSamples } from './templates.ts';
import { pointerStep } from '../../k8s/semantics/objects/positions.ts';
import { fieldOf, readYamlFile, type YamlFile } from './yaml/parse.ts';

export const ENVIRONMENTS = 'fixtures/environments';
/** What runs when nothing is chosen. */
export const DEFAULT_ENVIRONMENT = 'rehearsal';
/** Where the rehearsal writes its kubeconfig; the only one an environment that calls itself the rehearsal may name. */
export const REHEARSAL_KUBECONFIG = '.golive/rehearsal/kubeconfig';

export interface LoadedEnvironment {
  readonly environment: Environment | undefined;
  readonly yaml: YamlFile;
  readonly problems: readonly Problem[];
}

/** The file `GOLIVE_ENV` names: a name in fixtures/environments/ or a path. Empty or unset is the rehearsal. */
export function environmentFile(root: string, chosen: string | undefined): string {
  const name = chosen === undefined || chosen === '' ? DEFAULT_ENVIRONMENT : chosen;
  if (!/[/\\]|\.ya?ml$/.test(name)) return `${ENVIRONMENTS}/${name}.yaml`;
  const path = relative(root, resolve(root, name));
  return path.startsWith('..') ? resolve(root, name) : path;
}

/** Loads and validates; never throws. */
export function loadEnvironment(root: string, chosen: string | undefined): LoadedEnvironment {
  const file = environmentFile(root, chosen);
  const yaml = readYamlFile(root, file);
  if (!existsSync(resolve(root, file))) return { environment: undefined, yaml, problems: [missing(root, file)] };
  if (yaml.value === undefined) return { environment: undefined, yaml, problems: yaml.problems };
  const literals = firstProblems(literalSecrets(yaml));
  const problems: Problem[] = [...yaml.problems, ...literals];
  const isRehearsal = isRecord(yaml.value) && yaml.value['rehearsal'] === true;
  checkRehearsalTokens(yaml.value, isRehearsal, (pointer, text) => problems.push(yaml.problem(pointer, text)));

  const sample = withRehearsalSamples(yaml.value);
  const errors = schemaErrors(environmentSchema, sample);
  if (isRecord(yaml.value)) problems.push(...firstProblems(policyProblems(yaml.value, yaml, file)));
  if (errors.length > 0) {
    const told = problemsFromAjv(errors, { yaml, base: '' });
    const places = new Set(literals.map((problem) => `${problem.line}:${problem.column}`));
    problems.push(...told.filter((problem) => !places.has(`${problem.line}:${problem.column}`)));
    return { environment: undefined, yaml, problems: firstProblems(problems) };
  }
  const value = keepTokens(sample, yaml.value) as Omit<Environment, 'file'>;
  return {
    environment: problems.length ? undefined : environmentOf(value, file),
    yaml,
    problems: firstProblems(problems),
  };
}

function missing(root: string, file: string): Problem {
  const folder = join(root, ENVIRONMENTS);
  const names = existsSync(folder)
    ? readdirSync(folder)
        .filter((entry) => entry.endsWith('.yaml'))
        .map((entry) => basename(entry, '.yaml'))
        .sort()
    : [];
  const suggestion = didYouMean(basename(file, '.yaml'), names);
  return {
    file,
    line: 0,
    column: 0,
    field: '',
    message: 'there is no such environment',
    allowed: names,
    ...(suggestion === undefined ? {} : { suggestion }),
    fix:
      names.length > 0
        ? 'Set GOLIVE_ENV to one of them or to the path of a file'
        : `Write it, or run this in the folder of a project: ${ENVIRONMENTS} of this one holds none`,
  };
}

function environmentOf(value: Omit<Environment, 'file'>, file: string): Environment {
  const { name, rehearsal, kubeconfig, namespaces, endpoints, stores, caches, registries, dns, credentials } = value;
  const { keyMetrics, mutations, preconditions, overrides, compression } = value;
  const { channels, contacts, incident, notify, onCall, changes, folders } = value;
  const reached = {
    name,
    file,
    rehearsal,
    kubeconfig,
    namespaces,
    endpoints,
    stores,
    caches,
    registries,
    ...(dns ? { dns } : {}),
    credentials,
    ...(channels ? { channels } : {}),
    ...(contacts ? { contacts } : {}),
    ...(incident ? { incident } : {}),
    ...(notify ? { notify } : {}),
    ...(onCall ? { onCall } : {}),
    ...(changes ? { changes } : {}),
    folders,
  };
  return { ...reached, ...(keyMetrics ? { keyMetrics } : {}), mutations, preconditions, overrides, compression };
}

const SECRET_FIX =
  'Write where it comes from, {from: env, name: …}, {from: file, path: …} or {from: kubernetes-secret, namespace: …, name: …, key: …}, and replace the secret that stood here';

/** A secret written out is refused without showing it. */
function literalSecrets(yaml: YamlFile): Problem[] {
  const found: Problem[] = [];
  const walk = (value: unknown, pointer: string, name: string): void => {
    if (isRecord(value)) {
      for (const [key, member] of Object.entries(value)) walk(member, pointer + pointerStep(key), key);
    } else if (Array.isArray(value)) {
      value.forEach((member, index) => walk(member, pointer + pointerStep(index), name));
    } else if (isSecretName(name) && value !== null && !pointer.startsWith('/namespaces/')) {
      const message = 'a secret must not be written into a file';
      found.push({ field: fieldOf(pointer), message, fix: SECRET_FIX, ...yaml.at(pointer) });
    }
  };
  walk(yaml.value, '', '');
  return found;
}

/** What a schema cannot say. Reads what is there: the schema may have told problems of its own. */
function policyProblems(value: Readonly<Record<string, unknown>>, yaml: YamlFile, file: string): Problem[] {
  const problems: Problem[] = [];
  const { name, rehearsal, compression } = value;
  const expected = basename(file).replace(/\.ya?ml$/, '');
  if (typeof name === 'string' && name !== expected) {
    problems.push(
      yaml.problem('/name', {
        message: `must be the file's name (${showValue(name)})`,
        fix: `Write name: ${expected}`,
      }),
    );
  }
  if (rehearsal !== true && typeof compression === 'number' && compression !== 1) {
    problems.push(
      yaml.problem('/compression', { message: `must be 1 outside the rehearsal (${compression})`, fix: 'Remove it' }),
    );
  }
  if (rehearsal === true) problems.push(...rehearsalProblems(value, yaml));
  const seen = new Map<string, number>();
  for (const [index, override] of Object.entries(membersOf(value['overrides']))) {
    problems.push(...answerProblems(override, { yaml, pointer: `/overrides/${index}`, rehearsal: rehearsal === true }));
    const key = `${String(override['item'])} ${String(override['param'])}`;
    const first = seen.get(key);
    if (first === undefined) seen.set(key, Number(index));
    else {
      const message = `overrides ${key} a second time (first in overrides[${first}])`;
      problems.push(yaml.problem(`/overrides/${index}`, { message, fix: 'Remove one of the two' }));
    }
  }
  return problems;
}

/** An override is an exception: its reason says something, and outside the rehearsal somebody answers for it until a day. */
function answerProblems(
  override: Readonly<Record<string, unknown>>,
  { yaml, pointer, rehearsal }: { readonly yaml: YamlFile; readonly pointer: string; readonly rehearsal: boolean },
): Problem[] {
  const problems: Problem[] = [];
  for (const member of ['why', 'approver']) {
    const said = override[member];
    if (typeof said !== 'string' || !isPlaceholder(said)) continue;
    const message = `says nothing (${showValue(said)})`;
    problems.push(
      yaml.problem(`${pointer}/${member}`, { message, fix: 'Write it out, so that others can ask and check' }),
    );
  }
  const { expires } = override;
  if (typeof expires === 'string' && !isRfc3339(expires)) {
    const message = `is no RFC 3339 time with a zone (${showValue(expires)})`;
    problems.push(yaml.problem(`${pointer}/expires`, { message, fix: 'Write for example 2027-03-31T00:00:00Z' }));
  }
  for (const [member, fix] of rehearsal ? [] : ANSWERED) {
    if (override[member] !== undefined) continue;
    problems.push(yaml.problem(pointer, { message: `"${member}" is missing: this is not the rehearsal`, fix }));
  }
  return problems;
}

const ANSWERED = [
  ['approver', 'Add approver (who answers for it, by name)'],
  ['expires', 'Add expires (within a year, for example 2027-03-31T00:00:00Z)'],
] as const;

/** Members that are maps, by name or index. */
function membersOf(value: unknown): Readonly<Record<string, Readonly<Record<string, unknown>>>> {
  if (typeof value !== 'object' || value === null) return {};
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, member]: [string, unknown]) => (isRecord(member) ? [[name, member]] : [])),
  );
}

const LOOPBACK_URL = /^(\$\{rehearsal\.\w+\}|https?:\/\/(127\.0\.0\.1|localhost|\[::1\]))([:/]|$)/;
const LOOPBACK_SERVER = /^(\$\{rehearsal\.\w+\}|127\.0\.0\.1:\d+)$/;
const LOOPBACK_HOST = /^(\$\{rehearsal\.\w+\}|127\.0\.0\.1|localhost|::1)$/;

/** Calling an environment the rehearsal disarms the safety rules: it must not be able to reach anything real. */
function rehearsalProblems(value: Readonly<Record<string, unknown>>, yaml: YamlFile): Problem[] {
  const problems: Problem[] = [];
  const require: Require = (pointer, address, pattern) => {
    if (typeof address !== 'string' || pattern.test(address)) return;
    const message = `the rehearsal may name addresses of this machine only (${showValue(address)})`;
    problems.push(yaml.problem(pointer, { message, fix: 'Set rehearsal: false, or use ${rehearsal.…} or 127.0.0.1' }));
  };
  const path = isRecord(value['kubeconfig']) ? value['kubeconfig']['path'] : undefined;
  if (typeof path === 'string' && path !== REHEARSAL_KUBECONFIG) {
    const message = `the rehearsal's kubeconfig is ${REHEARSAL_KUBECONFIG} (${showValue(path)})`;
    const fix = `Write path: ${REHEARSAL_KUBECONFIG}, or set rehearsal: false`;
    problems.push(yaml.problem('/kubeconfig/path', { message, fix }));
  }
  for (const [name, endpoint] of Object.entries(membersOf(value['endpoints']))) {
    require(`/endpoints${pointerStep(name)}/url`, endpoint['url'], LOOPBACK_URL);
  }
  for (const group of ['stores', 'caches']) {
    for (const [name, store] of Object.entries(membersOf(value[group]))) {
      require(`/${group}${pointerStep(name)}/host`, store['host'], LOOPBACK_HOST);
    }
  }
  for (const [name, registry] of Object.entries(membersOf(value['registries']))) {
    require(`/registries${pointerStep(name)}/url`, registry['url'], LOOPBACK_URL);
  }
  requireLoopbackChannels(value, require);
  const servers = isRecord(value['dns']) ? value['dns']['servers'] : undefined;
  if (Array.isArray(servers)) {
    servers.forEach((server: unknown, index) => require(`/dns/servers/${index}`, server, LOOPBACK_SERVER));
  }
  requireLoopbackCalendars(value['changes'], require);
  return problems;
}

/** Calendars of change windows. */
function requireLoopbackCalendars(changes: unknown, require: Require): void {
  for (const role of ['windows', 'freezes'])
    listAt(changes, role).forEach((one, index) =>
      require(`/changes/${role}/${index}/url`, at(one, 'url'), LOOPBACK_URL),
    );
}

type Require = (pointer: string, address: unknown, pattern: RegExp) => void;

/** Channels and schedules, and where what has arrived is read back. */
function requireLoopbackChannels(value: Readonly<Record<string, unknown>>, require: Require): void {
  for (const group of ['channels', 'onCall']) {
    for (const [name, one] of Object.entries(membersOf(value[group]))) {
      const pointer = `/${group}${pointerStep(name)}`;
      for (const member of ['url', 'events', 'api']) require(`${pointer}/${member}`, one[member], LOOPBACK_URL);
      require(`${pointer}/host`, one['host'], LOOPBACK_HOST);
      const readback = isRecord(one['readback']) ? one['readback']['url'] : undefined;
      require(`${pointer}/readback/url`, readback, LOOPBACK_URL);
    }
  }
}
