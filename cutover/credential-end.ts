/**
 * When the credential of a kubeconfig ends, where nobody renews it. A token file is read again by itself. A plugin is asked again, which
 * helps where it then gives another credential: those of clouds do; one that gives the same twice may do so until the end.
 */
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { promisify } from 'node:util';
import { load } from 'js-yaml';
import { at, listAt, parseJson, textAt } from '../checks/contract/json.ts';

export interface CredentialEnd {
  /** `its token`, `its client certificate`, `the credential of its plugin`. */
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** They keep a credential until it ends, and get another one then. */
const RENEWING =
  /^(aws|aws-iam-authenticator|az|doctl|gcloud|gke-gcloud-auth-plugin|ibmcloud|kubelogin|kubectl-oidc[_-]login|oci|tkn|tsh)(\.exe)?$/;
const PLUGIN_MS = 15_000;
/** Times are given in whole seconds. */
const APART_MS = 1100;

/** The first to end; null where none ends before `before`, or where it cannot be told. */
export async function credentialEndOf(
  kubeconfig: { readonly path: string; readonly context: string },
  before: number,
  signal: AbortSignal,
): Promise<CredentialEnd | null> {
  const user = userOf(kubeconfig);
  const ends = [
    textAt(user, '', 'tokenFile') === '' ? ended('its token', tokenEnd(textAt(user, '', 'token'))) : null,
    ended('its client certificate', certificateEnd(pemOf(user, dirname(resolve(kubeconfig.path))))),
    await pluginEnd(at(user, 'exec'), before, signal),
  ];
  const [first] = ends.filter((end) => end !== null && end.at < before).sort((a, b) => (a?.at ?? 0) - (b?.at ?? 0));
  return first ?? null;
}

const ended = (what: string, end: number): CredentialEnd | null => (Number.isFinite(end) ? { what, at: end } : null);

/** What cannot be read or is not there fails when it is used, with a better message. */
function userOf({ path, context }: { readonly path: string; readonly context: string }): unknown {
  const config = quietly(() => load(readFileSync(path, 'utf8')));
  const named = (list: string, name: string): unknown =>
    listAt(config, list).find((one) => textAt(one, '', 'name') === name);
  return at(named('users', textAt(named('contexts', context), '', 'context', 'user')), 'user');
}

function pemOf(user: unknown, folder: string): string {
  const data = textAt(user, '', 'client-certificate-data');
  if (data !== '') return Buffer.from(data, 'base64').toString('utf8');
  const file = textAt(user, '', 'client-certificate');
  return file === '' ? '' : (quietly(() => readFileSync(resolve(folder, file), 'utf8')) ?? '');
}

/** `exp` of a JWT (RFC 7519, 4.1.4). Other tokens do not say when they end. */
function tokenEnd(token: string): number {
  const [, payload = ''] = token.split('.');
  const exp = at(parseJson(Buffer.from(payload, 'base64url').toString('utf8')), 'exp');
  return typeof exp === 'number' ? exp * 1000 : NaN;
}

const certificateEnd = (pem: string): number =>
  pem === '' ? NaN : Date.parse(quietly(() => new X509Certificate(pem).validTo) ?? '');

async function pluginEnd(exec: unknown, before: number, signal: AbortSignal): Promise<CredentialEnd | null> {
  const command = textAt(exec, '', 'command');
  if (command === '' || RENEWING.test(basename(command))) return null;
  const first = await askPlugin(command, exec, signal);
  if (!(first < before)) return null;
  await new Promise((go) => setTimeout(go, APART_MS));
  const second = await askPlugin(command, exec, signal);
  return second > first ? null : { what: 'the credential of its plugin', at: first };
}

/** When the credential ends that it gives now; NaN where it does not say. */
async function askPlugin(command: string, exec: unknown, signal: AbortSignal): Promise<number> {
  const own = listAt(exec, 'env').map((one) => [textAt(one, '', 'name'), textAt(one, '', 'value')] as const);
  const spec = { apiVersion: textAt(exec, '', 'apiVersion'), kind: 'ExecCredential', spec: { interactive: false } };
  const env = { ...process.env, KUBERNETES_EXEC_INFO: JSON.stringify(spec), ...Object.fromEntries(own) };
  try {
    const how = { env, signal, timeout: PLUGIN_MS };
    const { stdout } = await promisify(execFile)(command, listAt(exec, 'args').map(String), how);
    const given = parseJson(stdout);
    const stated = Date.parse(textAt(given, '', 'status', 'expirationTimestamp'));
    if (Number.isFinite(stated)) return stated;
    const ends = [
      tokenEnd(textAt(given, '', 'status', 'token')),
      certificateEnd(textAt(given, '', 'status', 'clientCertificateData')),
    ].filter(Number.isFinite);
    return ends.length === 0 ? NaN : Math.min(...ends);
  } catch {
    return NaN;
  }
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
