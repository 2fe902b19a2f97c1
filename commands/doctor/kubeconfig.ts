/** A kubeconfig looked at before it is used: file, context, and how long its credentials last. Values never leave this file. */
import { X509Certificate } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isRecord } from '../../checks/contract/json.ts';
import { didYouMean } from '../../specs/loader/suggest.ts';
import { formatUtc } from '../../reports/tell/wording.ts';
import { userProblem } from '../../fixtures/cluster/credentials.ts';
import { pemOf, readKubeconfig, textOf, type Entry, type Kubeconfig } from '../../fixtures/cluster/kubeconfig.ts';
import { bad, ok, warn, type Finding } from './finding.ts';

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
  const chosen = config.contexts.get(context);
  if (!chosen) {
    const names = [...config.contexts.keys()];
    const meant = didYouMean(context, names);
    const fix = meant === undefined ? `one of: ${names.join(', ') || '(the file has none)'}` : `${meant}?`;
    return [bad('kubeconfig', `${path} has no context ${context}`, `Set kubeconfig.context to ${fix}`)];
  }
  const named = config.of(chosen);
  const { user, cluster } = named;
  const refused = userProblem(named);
  if (refused) return [bad('kubeconfig', `${path}, context ${context}: ${refused.message}`, refused.fix)];
  return [
    privacyFinding(file, path) ?? ok('kubeconfig', `${path}, context ${context}`),
    ...(cluster['insecure-skip-tls-verify'] === true
      ? [warn('server identity', 'the certificate of the API server is not verified', 'Name its CA in the kubeconfig')]
      : []),
    ...certificateFinding('CA', pem(cluster, 'certificate-authority', config.dir), now),
    ...certificateFinding('client certificate', pem(user, 'client-certificate', config.dir), now),
    ...loginFinding(user, config.dir, now),
  ];
}

function read(file: string): Kubeconfig | undefined {
  try {
    return readKubeconfig(file);
  } catch {
    return undefined;
  }
}

/** Others on this machine could act as the gate. Windows has no such bits. */
function privacyFinding(file: string, path: string): Finding | undefined {
  const open = process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0;
  return open
    ? warn('kubeconfig', `${path} can be read by other users of this machine`, `chmod 600 ${path}`)
    : undefined;
}

/** Undefined where the kubeconfig names none; text that is no certificate where it cannot be read. */
function pem(from: Entry, name: string, dir: string): string | undefined {
  if (from[name] === undefined && from[`${name}-data`] === undefined) return undefined;
  try {
    return pemOf(from, name, dir);
  } catch {
    return '';
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

/** By what the user logs in, beside a client certificate. As with kubectl a token file wins over a token, and both over a plug-in. */
function loginFinding(user: Entry, dir: string, now: Date): readonly Finding[] {
  const file = textOf(user, 'tokenFile');
  if (file !== '' && !existsSync(resolve(dir, file)))
    return [bad('token', `there is no token file ${file}`, 'Correct users[].user.tokenFile of the kubeconfig')];
  const token = file === '' ? textOf(user, 'token') : readFileSync(resolve(dir, file), 'utf8').trim();
  if (token !== '') {
    const expires = expiryOfToken(token);
    return [
      expires === undefined ? ok('token', 'is there; when it expires cannot be seen') : expiry('token', expires, now),
    ];
  }
  const { exec } = user;
  if (isRecord(exec)) return [ok('credentials', `come from the plug-in ${textOf(exec, 'command')}`)];
  const hasOther = textOf(user, 'username') !== '' || pem(user, 'client-certificate', dir) !== undefined;
  if (hasOther) return [];
  const fix = 'Give the user of the context a token, tokenFile, client certificate or exec plug-in';
  return [bad('credentials', 'the context has none: the API server takes golive for system:anonymous', fix)];
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
