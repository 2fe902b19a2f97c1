/** `golive can` and `golive who-can`: what RBAC objects, in files or in a cluster, allow whom. */
import { existsSync } from 'node:fs';
import { EXIT } from '../checks/contract/decision.ts';
import type { ResourceType } from '../checks/contract/cluster.ts';
import { STDIN } from '../fixtures/object-files.ts';
import { attributesOf, impersonated, policyOf, whoCan, type Grantee } from '../k8s/semantics/rbac-questions.ts';
import {
  createRbacAuthorizer,
  type AccessAttributes,
  type RbacAuthorizer,
  type RbacPolicy,
  type UserInfo,
} from '../k8s/semantics/rbac.ts';
import { colours } from '../reports/tell/console/text.ts';
import { answerLines, objectsOf, tellUnread, type ObjectSources } from './objects.ts';
import { hasColour, writeError, writeJson, writeOut, writePainted } from './write.ts';

export interface AccessOptions extends ObjectSources {
  readonly namespace?: string;
  readonly format?: 'human' | 'json';
  /** The roles and bindings that every API server starts with are left out. */
  readonly defaults?: boolean;
}
export interface CanOptions extends AccessOptions {
  readonly as?: string;
  readonly asGroup?: readonly string[];
  readonly queries?: string;
}

const RBAC_TYPES: readonly ResourceType[] = ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'].map(
  (kind) => ({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind,
    resource: `${kind.toLowerCase()}s`,
  }),
);
/** Where the objects of a file lie that name no namespace, as for kubectl. */
const DEFAULT_NAMESPACE = 'default';

/** Paths first, then VERB RESOURCE [NAME]: what exists is a path, `./get` forces it. */
function split(words: readonly string[]): { readonly paths: readonly string[]; readonly rest: readonly string[] } {
  const first = words.findIndex((word) => word !== STDIN && !existsSync(word));
  return first === -1 ? { paths: words, rest: [] } : { paths: words.slice(0, first), rest: words.slice(first) };
}

interface Read {
  readonly policy: RbacPolicy;
  readonly judged: (code: number) => number;
}

async function readPolicy(paths: readonly string[], options: AccessOptions): Promise<Read | number> {
  const read = await objectsOf(paths, options, RBAC_TYPES);
  if (typeof read === 'number') return read;
  const judged = tellUnread(read.unread);
  // A live cluster has the defaults itself, as they were changed there.
  const withDefaults = options.live !== true && options.defaults !== false;
  const policy = policyOf(
    read.objects.map(({ object }) => object),
    DEFAULT_NAMESPACE,
    withDefaults,
  );
  return { policy, judged };
}

/** 0 allowed, 1 denied, 2 the cluster could not be read, 64 wrong use; with --queries 0 when each was answered. */
export async function can(words: readonly string[], options: CanOptions): Promise<number> {
  const { paths, rest } = split(words);
  const [verb = '', resource = '', name, ...more] = rest;
  const asksOne = resource !== '' && more.length === 0 && options.as !== undefined;
  if (options.queries === undefined ? !asksOne : rest.length > 0) {
    writeError('Ask: golive can PATH… --as USER VERB RESOURCE [NAME], or many at once with --queries FILE.');
    return EXIT.usage;
  }
  const read = await readPolicy(paths, options);
  if (typeof read === 'number') return read;
  const { policy, judged } = read;
  const authorizer = createRbacAuthorizer(policy);
  if (options.queries !== undefined) return judged(answerLines(options.queries, (one) => lineAnswer(authorizer, one)));
  const user = impersonated(options.as ?? '', options.asGroup ?? []);
  return judged(
    tellOne(authorizer, user, attributesOf(verb, resource, { name, namespace: options.namespace }), options),
  );
}

function tellOne(authorizer: RbacAuthorizer, user: UserInfo, asked: AccessAttributes, { format }: CanOptions): number {
  const { allowed, reason } = authorizer.authorize(user, asked);
  const because = becauseOf(allowed, reason);
  if (format === 'json') writeJson({ as: user.user, groups: user.groups, ...asked, allowed, because });
  else {
    const paint = colours(hasColour());
    writePainted([allowed ? paint.green('yes') : paint.red('no'), ...because.map((one) => `  ${one}`)].join('\n'));
  }
  return allowed ? EXIT.GO : EXIT['NO-GO'];
}

function becauseOf(allowed: boolean, reason: string): readonly string[] {
  if (reason !== '') return [reason.replace(/^RBAC: /, '')];
  return [allowed ? 'members of system:masters may do anything' : 'no binding grants it'];
}

function lineAnswer(authorizer: RbacAuthorizer, question: Readonly<Record<string, unknown>>) {
  const field = (name: string): string => {
    const value = question[name];
    return typeof value === 'string' ? value : '';
  };
  const { groups } = question;
  const isQuestion = field('as') !== '' && field('verb') !== '' && (field('path') !== '' || field('resource') !== '');
  if (!isQuestion)
    return { answered: false, more: { allowed: null, because: ['a question needs as, verb, and resource or path'] } };
  const asked: AccessAttributes =
    field('path') !== ''
      ? { verb: field('verb'), path: field('path') }
      : {
          verb: field('verb'),
          group: field('group'),
          resource: field('resource'),
          subresource: field('subresource'),
          name: field('name'),
          namespace: field('namespace'),
        };
  // Exactly the groups that are given: a recorded request names all of them.
  const user = {
    user: field('as'),
    groups: Array.isArray(groups) ? groups.filter((one) => typeof one === 'string') : [],
  };
  const { allowed, reason } = authorizer.authorize(user, asked);
  return { answered: true, more: { allowed, because: becauseOf(allowed, reason) } };
}

/** 0 somebody may, 1 nobody may, 2 the cluster could not be read, 64 wrong use. */
export async function whoCanDo(words: readonly string[], options: AccessOptions): Promise<number> {
  const { paths, rest } = split(words);
  const [verb, resource, name, ...more] = rest;
  if (verb === undefined || resource === undefined || more.length > 0) {
    writeError('Ask: golive who-can PATH… VERB RESOURCE [NAME].');
    return EXIT.usage;
  }
  const read = await readPolicy(paths, options);
  if (typeof read === 'number') return read;
  const { policy, judged } = read;
  const grantees = whoCan(policy, attributesOf(verb, resource, { name, namespace: options.namespace }));
  if (options.format === 'json') writeJson(grantees);
  else writeOut([...grantees.map(granteeLine), 'Members of system:masters may do anything.'].join('\n'));
  return judged(grantees.length > 0 ? EXIT.GO : EXIT['NO-GO']);
}

function granteeLine({ subject, namespace, binding, role }: Grantee): string {
  const name = subject.kind === 'ServiceAccount' ? `${subject.namespace || namespace}/${subject.name}` : subject.name;
  const where = namespace === '' ? 'everywhere' : `in ${namespace}`;
  return `${subject.kind} ${name}  ${where}  by ${binding} (${role})`;
}
