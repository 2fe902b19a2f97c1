/** How the answers of services to their health path are judged. */
import { at, parseJson, textAt } from '../../contract/json.ts';
import { nameList, shortened, table } from '../../kit/evidence.ts';
import type { Say } from '../../kit/kind.ts';
import type { Endpoint } from '../../protocols/endpoints.ts';
import { credentialIn } from '../../protocols/credential-text.ts';
import { sickPart, wholeState } from './health-body.ts';

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
    says: '{subject}: {path} answered 200 with what is no health answer ({body}), expected JSON or a single word.',
    fix: 'Check the path and port: an error or start page is answering.',
  },
  stale: {
    says: '{subject}: {path} was answered from a cache ({age} s old), expected the service itself.',
    fix: 'Send Cache-Control: no-store with the health answer, and keep caches off its path.',
  },
  partUnhealthy: {
    says: '{subject}: {path} says {field} is {actual}, but {part} is "{word}", expected every part to be well.',
    fix: 'Repair the part, or let the service say at the top that it cannot do without it; name other words in params.unhealthy, or a member that says nothing of health in params.ignored.',
  },
  unhealthy: {
    says: '{subject}: {path} says {field} is {actual}, expected {expected}.',
    fix: 'See which of its dependencies the answer names, and repair it.',
  },
} as const;

interface Expected {
  readonly field?: string;
  readonly healthy: readonly string[];
  readonly unhealthy: readonly string[];
  readonly ignored: readonly string[];
  readonly version?: string;
  readonly versionField: string;
  readonly answers: number;
  readonly minReady: number;
}
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
  /** Why the last answer never came, while the API server itself answered; no more were asked for. */
  readonly hung?: string;
}
type Answer = ServiceSeen['answers'][number];
type Speaks = Say<typeof messages>;

export function judge(
  expected: Expected,
  { services }: { readonly services: readonly ServiceSeen[] },
  say: Speaks,
): void {
  for (const service of services) {
    const subject = subjectOf(service);
    say.judged(subject);
    if (service.answers.some(saysServiceMissing)) {
      say.fail('serviceMissing', subject);
      continue;
    }
    judgeEndpoints(service, expected.minReady, say);
    judgeAnswers(service, expected, say);
  }
  say.show(
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
        service.endpoints.map((one) => [subjectOf(service), one.address, one.target, one.ready, one.terminating]),
      ),
    ),
  );
}

const subjectOf = ({ namespace, name, port }: ServiceSeen): string => `Service ${namespace}/${name}:${port}`;

function judgeEndpoints(service: ServiceSeen, minReady: number, say: Speaks): void {
  const serving = service.endpoints.filter(({ terminating }) => !terminating);
  const waiting = serving.filter(({ ready }) => !ready).map(({ target, address }) => target || address);
  const ready = serving.length - waiting.length;
  if (ready < minReady) say.fail('noEndpoints', subjectOf(service), { actual: ready, expected: minReady });
  if (waiting.length > 0) say.fail('endpointNotReady', subjectOf(service), { names: nameList(waiting) });
}

/** The first answer that is not healthy; a service that answers well once in three is not. */
function judgeAnswers(service: ServiceSeen, expected: Expected, say: Speaks): void {
  const subject = subjectOf(service);
  const { answers, path, hung } = service;
  if (hung !== undefined) return say.fail('hung', subject, { path, why: hung });
  const bad = answers.filter(({ status }) => status !== 200);
  const [first] = bad;
  if (first || answers.length < expected.answers)
    return say.fail('wrongStatus', subject, {
      path,
      status: first?.status ?? 0,
      bad: bad.length,
      asked: expected.answers,
      body: excerpt(first?.body ?? ''),
    });
  const age = answers.find(({ age = 0 }) => age > 0)?.age;
  if (age !== undefined) return say.fail('stale', subject, { path, age });
  answers.every((answer) => isWell(answer, service, expected, say));
}

/** Says what is wrong with one answer, if anything. */
function isWell({ body }: Answer, service: ServiceSeen, expected: Expected, say: Speaks): boolean {
  const { healthy, unhealthy, ignored, version, versionField } = expected;
  const subject = subjectOf(service);
  const { path } = service;
  const whole = wholeState(body, expected.field);
  if (!whole) {
    say.fail('notJson', subject, { path, body: excerpt(body) });
    return false;
  }
  const { member, value, members } = whole;
  const field = member === '' ? 'the answer' : member;
  const actual =
    value === undefined ? 'missing' : shortened(typeof value === 'string' ? value : JSON.stringify(value), 100);
  if (value === undefined || !healthy.some((word) => word.toLowerCase() === actual.trim().toLowerCase())) {
    const shown = typeof value === 'string' ? JSON.stringify(actual) : actual;
    say.fail('unhealthy', subject, { path, field, actual: shown, expected: healthy.join(' or ') });
    return false;
  }
  const said = at(members, versionField);
  if (version !== undefined && said !== version) {
    const shown = typeof said === 'string' ? shortened(said, 100) : 'missing';
    say.fail('wrongVersion', subject, { path, actual: shown, expected: version });
    return false;
  }
  const sick = sickPart(members, unhealthy, ignored);
  if (sick) say.fail('partUnhealthy', subject, { path, field, actual, part: sick.part, word: excerpt(sick.word) });
  return sick === null;
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
