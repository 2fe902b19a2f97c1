/** What an environment file refers to besides the cluster: secrets and certificates of authorities. Are they there? */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { SecretRef } from '../../checks/contract/secrets.ts';
import type { Environment } from '../../checks/contract/environment.ts';
import { bad, type Finding } from './finding.ts';

type Files = Pick<Environment, 'endpoints' | 'stores' | 'caches' | 'registries' | 'credentials'>;
/** A place in the file, and what stands there. */
type Named<T> = readonly [field: string, value: T];

/** Secrets that the environment file names and that are not there, each once. Their values are not looked at. */
export function secretFindings(root: string, environment: Files): readonly Finding[] {
  const { stores, caches, registries, credentials } = environment;
  const named = [
    ...collect('stores', stores, ({ password }) => password),
    ...collect('caches', caches, ({ password }) => password),
    ...collect('registries', registries, ({ credential }) => credential?.password, 'credential.password'),
    ...collect('credentials', credentials, ({ password }) => password),
  ];
  return grouped(named, JSON.stringify).flatMap(([fields, reference]) => {
    const missing = missingSecret(root, reference);
    return missing ? [bad('secret', `${fields}: ${missing.text}`, missing.fix)] : [];
  });
}

/** Certificates of authorities that are missing, unreadable or expired, each once. */
export function authorityFindings(root: string, environment: Files, now: Date): readonly Finding[] {
  const { endpoints, stores, caches, registries } = environment;
  const ofTls = ({ tls }: { readonly tls?: { readonly caFile?: string } | false }): string | undefined =>
    tls ? tls.caFile : undefined;
  const named = [
    ...collect('endpoints', endpoints, ({ caFile }) => caFile, 'caFile'),
    ...collect('stores', stores, ofTls, 'tls.caFile'),
    ...collect('caches', caches, ofTls, 'tls.caFile'),
    ...collect('registries', registries, ({ caFile }) => caFile, 'caFile'),
  ];
  return grouped(named, (file) => file).flatMap(([fields, file]) => {
    const wrong = wrongCertificate(resolve(root, file), file, now);
    return wrong === undefined ? [] : [bad('CA', `${fields}: ${wrong}`, 'Write it, or correct the environment file')];
  });
}

function collect<Member, T>(
  section: string,
  members: Readonly<Record<string, Member>>,
  pick: (member: Member) => T | undefined,
  field = 'password',
): Named<T>[] {
  return Object.entries(members).flatMap(([name, member]) => {
    const value = pick(member);
    return value === undefined ? [] : [[`${section}.${name}.${field}`, value] as const];
  });
}

/** One entry for each value, with every place where it stands. */
function grouped<T>(named: readonly Named<T>[], keyOf: (value: T) => string): readonly (readonly [string, T])[] {
  const places = new Map<string, { readonly fields: string[]; readonly value: T }>();
  for (const [field, value] of named) {
    const place = places.get(keyOf(value)) ?? { fields: [], value };
    place.fields.push(field);
    places.set(keyOf(value), place);
  }
  return [...places.values()].map(({ fields, value }) => [fields.join(', '), value] as const);
}

function missingSecret(
  root: string,
  reference: SecretRef,
): { readonly text: string; readonly fix: string } | undefined {
  if (reference.from === 'env' && !process.env[reference.name]) {
    return { text: `the variable ${reference.name} is not set`, fix: `export ${reference.name} before the run` };
  }
  if (reference.from === 'file' && !existsSync(resolve(root, reference.path))) {
    return { text: `there is no file ${reference.path}`, fix: 'Write it, or correct the environment file' };
  }
  return undefined;
}

function wrongCertificate(path: string, shown: string, now: Date): string | undefined {
  if (!existsSync(path)) return `there is no file ${shown}`;
  try {
    const { validTo } = new X509Certificate(readFileSync(path));
    return Date.parse(validTo) < now.getTime() ? `${shown} expired at ${validTo}` : undefined;
  } catch {
    return `${shown} cannot be read as a PEM certificate`;
  }
}
