import { table } from '../../kit/evidence.ts';
import type { Refusal, Say } from '../../kit/kind.ts';
import type { Answer } from './asking.ts';
import type { Description, Operation } from './openapi.ts';

export const messages = {
  missing: {
    says: '{subject}: there is no such document, expected it.',
    fix: 'Write the description of the API, or correct its path in the item.',
  },
  invalid: {
    says: '{subject}: {problem}, expected valid OpenAPI 3.',
    fix: 'Correct the document: what no program can read, nobody can hold the API to.',
  },
  otherVersion: {
    says: '{subject}: describes version {actual}, expected {expected}.',
    fix: 'Bring the document up to this release, then its info.version.',
  },
  notServed: {
    says: '{subject}: is documented and answered {status}, expected to be served.',
    fix: 'Remove the operation from the document, or serve it.',
  },
  otherStatus: {
    says: '{subject}: answered {status}, which the document does not list ({expected}).',
    fix: 'Document the status, or correct the service.',
  },
  otherBody: {
    says: '{subject}: answers a body that does not meet its schema ({problem}), expected it to.',
    fix: 'Correct the schema, or the service.',
  },
  unprotected: {
    says: '{subject}: answered {status} without a credential, and the document says that it needs one.',
    fix: 'Have the service refuse it, or correct the document’s security.',
  },
  undocumented: {
    says: '{subject}: is served and the document does not have it, expected every operation.',
    fix: 'Document the operation, remove it, or name its route in params.unlisted where no client may know it.',
  },
} as const;
type ApiSay = Say<typeof messages>;

interface Route {
  readonly method: string;
  /** `/items/:id`, `/items/{id}`, `/items/<id>`: however the service writes its templates. */
  readonly route: string;
  readonly status: string;
  readonly count: number;
}
type Documented = Pick<Operation, 'method' | 'path' | 'statuses' | 'isProtected'>;
interface Seen {
  readonly refusal?: Refusal | undefined;
  readonly description: (Omit<Description, 'operations'> & { readonly operations: readonly Documented[] }) | null;
  readonly answers: readonly Answer[];
  readonly routes: readonly Route[];
  readonly routesRefused?: Refusal | undefined;
}
interface Params {
  readonly document: string;
  readonly version: string;
  readonly routes?: string | undefined;
  readonly unlisted: readonly string[];
}

export function judge(params: Params, seen: Seen, say: ApiSay): void {
  const { document: path, version } = params;
  const { description, refusal, routesRefused } = seen;
  say.judged(path);
  if (!description) {
    if (refusal && refusal.code !== 'not-found') return say.refused(refusal, path);
    return say.fail('missing', path);
  }
  for (const problem of description.problems) say.fail('invalid', path, { problem });
  if (description.problems.length > 0) return;
  const plain = (text: string): string => text.replace(/^v/, '');
  if (plain(description.version) !== plain(version))
    say.fail('otherVersion', path, { actual: description.version, expected: version });
  if (description.operations.length === 0) say.unsure('no-subjects', `${path} has no operation.`);
  const routes = seen.routes.filter(isOperation);
  for (const operation of description.operations) judgeOperation(operation, seen.answers, routes, say);
  if (routesRefused) say.refused(routesRefused, 'routes of the service');
  else if (params.routes !== undefined) judgeRoutes(routes, description.operations, params.unlisted, say);
  const rows = seen.answers.map(({ method, path: of, asked, status }) => [`${method} ${of}`, asked, status ?? '']);
  say.show(table('Operations', ['operation', 'asked', 'status'], rows));
  const counted = seen.routes.map(({ method, route, status, count }) => [`${method} ${route}`, status, count]);
  if (counted.length > 0) say.show(table('Routes by metrics', ['route', 'status', 'requests'], counted));
}

function judgeOperation(
  operation: Documented,
  answers: readonly Answer[],
  routes: readonly Route[],
  say: ApiSay,
): void {
  const { method, path } = operation;
  const subject = `${method} ${path}`;
  say.judged(subject);
  const answer = answers.find((one) => one.method === method && one.path === path);
  const isUsed = routes.some((one) => isRouteOf(one, operation));
  if (answer?.refusal) return say.refused(answer.refusal, subject);
  if (answer?.status === undefined) {
    if (!isUsed)
      say.unsure('unknown-value', `${subject}: a required parameter has no example to ask with.`, { subject });
  } else if (isOfTheGateway(answer.status))
    say.unsure('unknown-value', `${subject}: answered ${answer.status}, which says nothing of the API.`, { subject });
  else if (answer.asked === 'allow') judgeAllowed(subject, answer, isUsed, say);
  else judgeStatus(subject, operation, answer, say);
}

function judgeStatus(
  subject: string,
  { statuses, isProtected }: Documented,
  { status = 0, problem = null }: Answer,
  say: ApiSay,
): void {
  const isListed = lists(statuses, status);
  if (status === 405 || (status === 404 && !isListed)) say.fail('notServed', subject, { status });
  else if (isProtected && status >= 200 && status < 400) say.fail('unprotected', subject, { status });
  else if (!isListed) say.fail('otherStatus', subject, { status, expected: statuses.join(', ') });
  else if (problem !== null) say.fail('otherBody', subject, { problem });
}

/** What another method of the path told; clients that use the operation show it as well. */
function judgeAllowed(subject: string, answer: Answer, isUsed: boolean, say: ApiSay): void {
  const { allow, status = 0 } = answer;
  const allowed = allow?.split(',').map((one) => one.trim().toUpperCase());
  if (isUsed || allowed?.includes(answer.method)) return;
  if (status === 404 || allowed) return say.fail('notServed', subject, { status });
  say.unsure(
    'unknown-value',
    `${subject}: nothing shows that it is served: the path names no methods, and nobody has used it.`,
    {
      subject,
    },
  );
}

function judgeRoutes(
  routes: readonly Route[],
  operations: readonly Documented[],
  unlisted: readonly string[],
  say: ApiSay,
): void {
  if (routes.length === 0) say.unsure('no-subjects', 'The query for the routes of the service finds no series.');
  for (const route of routes.filter((one) => !unlisted.includes(one.route))) {
    const subject = `${route.method} ${route.route}`;
    const documented = operations.find((one) => isRouteOf(route, one));
    say.judged(subject);
    if (!documented) say.fail('undocumented', subject);
    else if (
      route.count > 0 &&
      isOfTheService(Number(route.status)) &&
      !lists(documented.statuses, Number(route.status))
    )
      say.fail('otherStatus', subject, { status: Number(route.status), expected: documented.statuses.join(', ') });
  }
}

/** Requests that no route took are no operation: their method was refused, or something failed before one was looked for. */
const isOperation = ({ method, status }: Route): boolean =>
  !['HEAD', 'OPTIONS'].includes(method) && status !== '405' && !status.startsWith('5');
const isOfTheGateway = (status: number): boolean => status === 429 || (status >= 502 && status <= 504);
/** Documents rarely list what any service may answer at any time. */
const isOfTheService = (status: number): boolean =>
  status >= 200 && status < 500 && status !== 429 && Math.trunc(status / 100) !== 3;

/** Exact before a range, a range before default. */
function lists(statuses: readonly string[], status: number): boolean {
  const range = `${Math.trunc(status / 100)}XX`;
  return statuses.some((one) => one === String(status) || one.toUpperCase() === range || one === 'default');
}

/** Templates agree when they differ in nothing but the names and spelling of their parameters. */
function isRouteOf({ method, route }: Route, { method: of, path }: Documented): boolean {
  const shape = (template: string): string =>
    template.replace(/\{[^}]+\}|:[^/]+|<[^>]+>|\[[^\]]+\]/g, '{}').replace(/\/$/, '');
  return method === of && shape(route) === shape(path);
}
