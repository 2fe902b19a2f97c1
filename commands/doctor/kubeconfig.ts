/** A kubeconfig looked at before it is used: file, context, and how long its credentials last. Values never leave this file. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { load } from 'js-yaml';
import { didYouMean } from '../../specs/loader/suggest.ts';
import { formatUtc } from '../../reports/tell/wording.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

type Entry = Readonly<Record<string, unknown>>;
const SOON_MS = 24 * 3_600_000;

export function kubeconfigFindings(
  root: string,
  { path, context }: { readonly path: string; readonly context: string },
  now: Date,
): readonly Finding[] {
  const file = resolve(root, path);
  if (!existsSync(file)) {
    return [bad('kubeconfig', `there is no file ${path}`, 'Set kubeconfig.path of the environment file to it')];
  }
  const config = read(file);
  if (!config)
    return [bad('kubeconfig', `${path} cannot be read as a kubeconfig`, 'Write it anew: kubectl config view')];
  const contexts = named(config, 'contexts');
  const chosen = member(contexts.get(context), 'context');
  if (!chosen) {
    const names = [...contexts.keys()];
    const meant = didYouMean(context, names);
    const fix = meant === undefined ? `one of: ${names.join(', ') || '(the file has none)'}` : `${meant}?`;
    return [bad('kubeconfig', `${path} has no context ${context}`, `Set kubeconfig.context to ${fix}`)];
  }
  const user = member(named(config, 'users').get(String(chosen['user'])), 'user') ?? {};
  const cluster = member(named(config, 'clusters').get(String(chosen['cluster'])), 'cluster') ?? {};
  return [
    privacyFinding(file, path) ?? ok('kubeconfig', `${path}, context ${context}`),
    ...(cluster['insecure-skip-tls-verify'] === true
      ? [warn('server identity', 'the certificate of the API server is not verified', 'Name its CA in the kubeconfig')]
      : []),
    ...certificateFinding('CA', pem(cluster, 'certificate-authority', file), now),
    ...certificateFinding('client certificate', pem(user, 'client-certificate', file), now),
    ...tokenFinding(user, file, now),
  ];
}

function read(file: string): Entry | undefined {
  try {
    const value: unknown = load(readFileSync(file, 'utf8'));
    return typeof value === 'object' && value !== null ? (value as Entry) : undefined;
  } catch {
    return undefined;
  }
}

function named(config: Entry, list: string): ReadonlyMap<string, Entry> {
  const entries = Array.isArray(config[list]) ? (config[list] as readonly unknown[]) : [];
  return new Map(
    entries.flatMap((entry) =>
      typeof entry === 'object' && entry !== null ? [[String((entry as Entry)['name']), entry as Entry]] : [],
    ),
  );
}

function member(entry: Entry | undefined, name: string): Entry | undefined {
  const value = entry?.[name];
  return typeof value === 'object' && value !== null ? (value as Entry) : undefined;
}

/** Others on this machine could act as the gate. Windows has no such bits. */
function privacyFinding(file: string, path: string): Finding | undefined {
  const open = process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
  return open
    ? warn('kubeconfig', `${path} can be read by other users of this machine`, `chmod 600 ${path}`)
    : undefined;
}

/** PEM text given inline (base64) or as a file beside the kubeconfig. */
function pem(from: Entry, name: string, kubeconfig: string): string | undefined {
  const data = from[`${name}-data`];
  if (typeof data === 'string') return Buffer.from(data, 'base64').toString('utf8');
  const path = from[name];
  return typeof path === 'string' ? (text(resolve(dirname(kubeconfig), path)) ?? '') : undefined;
}

function text(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return undefined;
  }
}

function certificateFinding(check: string, certificate: string | undefined, now: Date): readonly Finding[] {
  if (certificate === undefined) return [];
  try {
    const { validFrom, validTo } = new X509Certificate(certificate);
    if (Date.parse(validFrom) > now.getTime()) {
      return [bad(check, `is valid only from ${formatUtc(validFrom)}`, 'Check the clock of this machine')];
    }
    return [expiry(check, Date.parse(validTo), now)];
  } catch {
    return [bad(check, 'cannot be read as a PEM certificate', 'Write the kubeconfig anew')];
  }
}

function tokenFinding(user: Entry, kubeconfig: string, now: Date): readonly Finding[] {
  const file = user['tokenFile'];
  const inline = typeof user['token'] === 'string' ? user['token'] : undefined;
  const token = typeof file === 'string' ? text(resolve(dirname(kubeconfig), file)) : inline;
  if (typeof file === 'string' && token === undefined) {
    return [bad('token', `there is no token file ${file}`, 'Correct users[].user.tokenFile of the kubeconfig')];
  }
  if (token !== undefined) {
    const expires = expiryOfToken(token.trim());
    return [
      expires === undefined ? ok('token', 'is there; when it expires cannot be seen') : expiry('token', expires, now),
    ];
  }
  const plugin = member(user, 'exec')?.['command'];
  return typeof plugin === 'string' ? [ok('credentials', `come from the plug-in ${plugin}`)] : [];
}

/** `exp` of a JSON Web Token, in ms; undefined for any other token. */
function expiryOfToken(token: string): number | undefined {
  const [, payload] = token.split('.');
  if (payload === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

function expiry(check: string, at: number, now: Date): Finding {
  const when = formatUtc(new Date(at).toISOString());
  const fix = check === 'CA' ? 'Renew the CA of the cluster' : 'Renew it in the kubeconfig';
  if (at <= now.getTime()) return bad(check, `expired at ${when}`, fix);
  return at - now.getTime() < SOON_MS ? warn(check, `expires soon, at ${when}`, fix) : ok(check, `valid until ${when}`);
}
