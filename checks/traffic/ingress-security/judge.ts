import { durationMs } from '../../contract/units.ts';
import { nameList, table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import type { HostSeen, ListenerSeen } from './objects.ts';
import type { ALLOWANCES, Params } from './params.ts';

export const messages = {
  noTls: {
    says: '{subject}: {host} is served without TLS, expected TLS on every host.',
    fix: 'Name the host and its Secret under tls, or attach the route to a listener with TLS.',
  },
  servedInPlaintext: {
    says: '{subject}: {host} is served by a listener without TLS, too, expected a redirect there and nothing else.',
    fix: 'Name the listener with TLS as sectionName of its parentRefs, and redirect the other one to https.',
  },
  wildcard: {
    says: '{subject}: answers to {host}, expected named hosts.',
    fix: 'Name each host: a wildcard also answers to names that somebody else points here.',
  },
  snippet: {
    says: '{subject}: carries {annotation}, expected no text of its own in the configuration of the controller.',
    fix: 'Remove the annotation: whoever may write it may read what the controller may.',
  },
  listenerDown: {
    says: '{subject}: {problem}, expected a listener with TLS that is in force.',
    fix: 'Correct its certificateRefs; a Secret of another namespace needs a ReferenceGrant there.',
  },
  wrongCertificate: {
    says: '{subject}: {why}, expected a certificate that is for it.',
    fix: 'Look for the Secret in the namespace of the Ingress: where it is missing controllers show one of their own.',
  },
  noRedirect: {
    says: '{subject}: answers {status} without TLS{to}, expected a redirect to https at the same host.',
    fix: 'Redirect to https, and serve nothing without TLS.',
  },
  noHsts: {
    says: '{subject}: its answers carry {header}, expected Strict-Transport-Security with max-age of at least {expected}.',
    fix: 'Have the gateway send Strict-Transport-Security over TLS, with one max-age that is long enough.',
  },
  unmatchedExemption: {
    says: '{subject}: may have {allows}, which it does not need; expected exemptions that are needed.',
    fix: 'Remove the exemption, or correct its host.',
  },
} as const;
type Saying = Say<typeof messages>;

/** What a request was answered, or why there is none. */
export type Asked =
  | { readonly status: number; readonly location: string; readonly hsts: string | null }
  | { readonly untrusted: string }
  /** Nobody listens there. */
  | { readonly closed: string }
  | { readonly refusal: Refusal };
export interface HostAnswers {
  readonly host: string;
  readonly https: Asked | null;
  readonly http: Asked | null;
}
export interface Seen {
  readonly hosts: readonly HostSeen[];
  readonly listeners: readonly ListenerSeen[];
  /** By object: annotations that are snippets. */
  readonly snippets: readonly { readonly object: string; readonly annotation: string }[];
  readonly answers: readonly HostAnswers[];
  /** Ingresses and Gateways that were read. */
  readonly objects: readonly string[];
}
type Allowance = (typeof ALLOWANCES)[number];
type MayDeviate = (host: string, allowance: Allowance) => boolean;

export function judge(params: Params, seen: Seen, say: Saying): void {
  const used = new Set<number>();
  const may: MayDeviate = (host, allowance) => {
    const index = params.exemptions.findIndex(
      (one) => one.host === (host === '' ? '*' : host) && one.allows === allowance,
    );
    if (index >= 0) used.add(index);
    return index >= 0;
  };
  say.judged(...seen.objects);
  for (const { object, annotation } of seen.snippets) say.fail('snippet', object, { annotation });
  for (const { object, listener, problem, isUnknown } of seen.listeners) {
    const subject = `${object} listener ${listener}`;
    say.judged(subject);
    if (problem !== null) say.fail('listenerDown', subject, { problem });
    else if (isUnknown) say.unknown(subject, 'that it is programmed in its present form');
  }
  for (const host of seen.hosts) judgeHost(host, may, say);
  for (const answers of seen.answers) judgeAnswers(params, answers, may, say);
  params.exemptions.forEach(({ host, allows }, index) => {
    if (!used.has(index)) say.fail('unmatchedExemption', `Host ${host}`, { allows });
  });
  say.show(
    table(
      'Hosts',
      ['host', 'of', 'https', 'http', 'HSTS'],
      seen.answers.map(({ host, https, http }) => [
        host,
        nameList(seen.hosts.filter((one) => one.host === host).map(({ object }) => object)),
        told(https),
        told(http),
        https !== null && 'hsts' in https ? (https.hsts ?? 'none') : '',
      ]),
    ),
  );
}

function told(asked: Asked | null): string | number {
  if (asked === null) return 'not asked';
  if ('status' in asked) return asked.location === '' ? asked.status : `${asked.status} to ${asked.location}`;
  if ('untrusted' in asked) return asked.untrusted;
  return 'closed' in asked ? asked.closed : asked.refusal.message;
}

function judgeHost({ object, host, tls, plaintext }: HostSeen, may: MayDeviate, say: Saying): void {
  const named = host === '' ? 'every host' : host;
  if ((host === '' || host.startsWith('*')) && !may(host, 'wildcard')) say.fail('wildcard', object, { host: named });
  if (!tls && !may(host, 'plaintext')) say.fail('noTls', object, { host: named });
  else if (tls && plaintext && !may(host, 'plaintext')) say.fail('servedInPlaintext', object, { host: named });
}

function judgeAnswers(params: Params, { host, https, http }: HostAnswers, may: MayDeviate, say: Saying): void {
  const [secure, plain] = [`https://${host}`, `http://${host}`];
  if (https !== null) judgeSecure(params, host, https, may, say);
  if (http === null || 'closed' in http || may(host, 'plaintext')) return;
  say.judged(plain);
  if ('refusal' in http) say.refused(http.refusal, plain);
  else if ('status' in http && !leadsToTls(http, host)) {
    const to = http.location === '' ? '' : ` to ${http.location}`;
    say.fail('noRedirect', plain, { status: http.status, to });
  } else if ('untrusted' in http) say.unknown(secure, 'an answer without TLS');
}

function judgeSecure(params: Params, host: string, https: Asked, may: MayDeviate, say: Saying): void {
  const subject = `https://${host}`;
  say.judged(subject);
  if ('untrusted' in https) return say.fail('wrongCertificate', subject, { why: https.untrusted });
  if ('closed' in https)
    return say.unsure('unreachable', `${subject}: ${https.closed}.`, { subject, detail: 'refused' });
  if ('refusal' in https) return say.refused(https.refusal, subject);
  const age = hstsAge(https.hsts);
  const isLong = age !== null && age * 1000 >= durationMs(params.minHstsAge);
  if (!isLong && !may(host, 'no HSTS'))
    say.fail('noHsts', subject, { header: https.hsts ?? 'none', expected: params.minHstsAge });
}

/** Any redirect will do; what counts is where it leads. Redirects between names of one's own are the target's to judge. */
function leadsToTls({ status, location }: Extract<Asked, { status: number }>, host: string): boolean {
  if (status < 300 || status > 399 || !URL.canParse(location)) return false;
  const { protocol, hostname } = new URL(location);
  return protocol === 'https:' && hostname === host;
}

/** Seconds of `max-age`, which must stand there once; null where the header says nothing (RFC 6797 §6.1). */
export function hstsAge(header: string | null): number | null {
  const ages = (header ?? '')
    .split(';')
    .map((directive) => /^\s*max-age\s*=\s*"?(\d+)"?\s*$/i.exec(directive)?.[1])
    .filter((age) => age !== undefined);
  return ages.length === 1 ? Number(ages[0]) : null;
}
