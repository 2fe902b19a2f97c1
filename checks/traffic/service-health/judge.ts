/** How the answers of services to their health path are judged. */
import type { Evidence, Finding, Judgement } from '../../kit/define-check.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { nameList, readingEvidence, shortened, table, type Reading } from '../../kit/evidence.ts';
import { judged, present } from '../../kit/judged.ts';
import { at, isRecord, parseJson, textAt } from '../../contract/json.ts';
import { credentialIn } from '../../protocols/literal-credentials.ts';
import type { Params } from './check.ts';

export const messages = {
  serviceMissing: {
    says: '{subject}: does not exist, expected the service.',
    fix: 'Apply its manifest, or correct the name in the item.',
  },
  noEndpoints: {
    says: '{subject}: has {actual} ready endpoints, expected at least {expected}.',
    fix: 'Compare the selector of the service with the labels of the pods, and see why its pods are not ready.',
  },
  endpointNotReady: {
    says: '{subject}: {names} not ready, expected all endpoints to be ready.',
    fix: 'Run "kubectl describe pod" on those pods: the events name the readiness probe that fails. Then read their logs.',
  },
  hung: {
    says: '{subject}: {path} was not answered in time ({why}), expected an answer.',
    fix: 'Read the log of the service for what it waits for; the API server itself answers.',
  },
  wrongVersion: {
    says: '{subject}: {path} was answered by version {actual}, expected {expected}.',
    fix: 'Compare the selector of the service and the images of its pods with the release: another one answers.',
  },
  wrongStatus: {
    says: '{subject}: {path} answered {status} in {bad} of {asked} tries ({body}), expected 200 each time.',
    fix: 'Read the log of the service for the cause; if only some tries failed, one of its pods is sick.',
  },
  notJson: {
    says: '{subject}: {path} answered 200 with something that is no JSON object ({body}), expected {field}.',
    fix: 'Check the path and port: an error or start page is answering.',
  },
  stale: {
    says: '{subject}: {path} was answered from a cache ({age} s old), expected the service itself.',
    fix: 'Send Cache-Control: no-store with the health answer, and keep caches off its path.',
  },
  partUnhealthy: {
    says: '{subject}: {path} says {field} is {actual}, but {part} is "{word}", expected every part to be well.',
    fix: 'Repair the part, or let the service say at the top that it cannot do without it; name other words in params.unhealthy.',
  },
  unhealthy: {
    says: '{subject}: {path} says {field} is {actual}, expected {expected}.',
    fix: 'See which of its dependencies the answer names, and repair it.',
  },
};
type Id = keyof typeof messages;

export interface ServiceSeen {
  readonly namespace: string;
  readonly name: string;
  readonly port: number;
  readonly path: string;
  readonly answers: readonly {
    readonly status: number;
    readonly body: string;
    readonly ms: number;
    /** Seconds the answer lay in a cache (header Age, RFC 9111); absent when the server said nothing of it. */
    readonly age?: number;
  }[];
  readonly endpoints: readonly Endpoint[];
  readonly reading: Reading;
  /** Why the last answer never came, while the API server itself answered; no more were asked for. */
  readonly hung?: string;
}
export interface Gathered {
  readonly services: readonly ServiceSeen[];
}

export function judge(params: Params, { services }: Gathered): Judgement<Id> {
  return judged(
    services.flatMap((service) => findingsOf(service, params)),
    services.map(subjectOf),
    evidenceOf(services),
    'No service was looked at.',
  );
}

const subjectOf = ({ namespace, name, port }: ServiceSeen): string => `Service ${namespace}/${name}:${port}`;

function findingsOf(service: ServiceSeen, params: Params): Finding<Id>[] {
  const subject = subjectOf(service);
  if (service.answers.some(saysServiceMissing)) return [{ message: 'serviceMissing', subject }];
  const serving = service.endpoints.filter(({ terminating }) => !terminating);
  const ready = serving.filter(({ ready }) => ready).length;
  const waiting = serving
    .filter(({ ready }) => !ready)
    .map(({ target, address }) => (target === '' ? address : target));
  return present([
    ready < params.minReady && {
      message: 'noEndpoints' as const,
      subject,
      data: { actual: ready, expected: params.minReady },
    },
    waiting.length > 0 && { message: 'endpointNotReady' as const, subject, data: { names: nameList(waiting) } },
    answerFinding(service, params),
  ]);
}

/** The first answer that is not healthy; a service that answers well once in three is not. */
function answerFinding(
  { answers, path, ...service }: ServiceSeen,
  { field, healthy, unhealthy, answers: asked, version, versionField }: Params,
): Finding<Id> | null {
  const subject = subjectOf({ answers, path, ...service });
  if (service.hung !== undefined) return { message: 'hung', subject, data: { path, why: service.hung } };
  const bad = answers.filter(({ status }) => status !== 200);
  const [first] = bad;
  if (first || answers.length < asked) {
    const data = { path, status: first?.status ?? 0, bad: bad.length, asked, body: excerpt(first?.body ?? '') };
    return { message: 'wrongStatus', subject, data };
  }
  const stale = answers.find(({ age = 0 }) => age > 0);
  if (stale) return { message: 'stale', subject, data: { path, age: stale.age ?? 0 } };
  const words = healthy.map((word) => word.toLowerCase());
  const badWords = new Set(unhealthy.map((word) => word.toLowerCase()));
  for (const { body } of answers) {
    const answer = parseJson(body);
    if (!isRecord(answer)) return { message: 'notJson', subject, data: { path, field, body: excerpt(body) } };
    const actual = at(answer, field);
    if (typeof actual !== 'string' || !words.includes(actual.toLowerCase())) {
      const shown = actual === undefined ? 'missing' : shortened(JSON.stringify(actual), 100);
      return { message: 'unhealthy', subject, data: { path, field, actual: shown, expected: healthy.join(' or ') } };
    }
    const sick = sickPart(answer, badWords);
    const said = at(answer, versionField);
    if (version !== undefined && said !== version) {
      const shown = typeof said === 'string' ? shortened(said, 100) : 'missing';
      return { message: 'wrongVersion', subject, data: { path, actual: shown, expected: version } };
    }
    if (sick) return { message: 'partUnhealthy', subject, data: { path, field, actual, ...sick } };
  }
  return null;
}

const DEEPEST_PART = 6;

/** A member below the top that is an unhealthy word by itself: `checks.database` of `{"status":"ok","checks":{"database":"down"}}`. */
function sickPart(
  value: unknown,
  badWords: ReadonlySet<string>,
  path: readonly string[] = [],
): { readonly part: string; readonly word: string } | null {
  if (typeof value === 'string')
    return badWords.has(value.toLowerCase()) ? { part: path.join('.'), word: shortened(value, 100) } : null;
  if (typeof value !== 'object' || value === null || path.length === DEEPEST_PART) return null;
  for (const [name, member] of Object.entries(value)) {
    const sick = sickPart(member, badWords, [...path, name]);
    if (sick) return sick;
  }
  return null;
}

/** The API server's own 404 about the Service, not one that the service behind it sent. */
function saysServiceMissing({ status, body }: ServiceSeen['answers'][number]): boolean {
  const answer = parseJson(body);
  return (
    status === 404 && textAt(answer, '', 'kind') === 'Status' && textAt(answer, '', 'details', 'kind') === 'services'
  );
}

/** Health answers tell addresses of what they ask, some with a password. */
function excerpt(body: string): string {
  const rule = credentialIn(body);
  return rule === null ? shortened(body.replace(/\s+/g, ' ').trim(), 100) : `not shown, it holds a credential: ${rule}`;
}

function evidenceOf(services: readonly ServiceSeen[]): readonly [Evidence, ...Evidence[]] {
  return [
    table(
      'Answers',
      ['service', 'path', 'status', 'ms', 'body'],
      services.flatMap((service) =>
        service.answers.map(({ status, ms, body }) => [subjectOf(service), service.path, status, ms, excerpt(body)]),
      ),
    ),
    table(
      'Endpoints',
      ['service', 'address', 'pod', 'ready', 'terminating'],
      services.flatMap((service) =>
        service.endpoints.map(({ address, target, ready, terminating }) => [
          subjectOf(service),
          address,
          target,
          ready,
          terminating,
        ]),
      ),
    ),
    ...services.map(({ reading }) => readingEvidence(reading)),
  ];
}
