/** Access reviews: who am I, may I, may somebody else, what may I. Each is answered 201 and stored nowhere. */
import type { AccessAttributes, UserInfo } from '../../k8s/semantics/rbac.ts';
import { ANONYMOUS, type Authorizer } from './access.ts';
import { apiVersionOf, type ReviewKind } from './kinds.ts';
import { isRecord, record, text, type Json } from './object.ts';
import { badRequest, invalid } from './status.ts';

/** @throws ApiError 400, 422 */
export async function answerReview(
  authorizer: Authorizer,
  review: ReviewKind,
  asker: UserInfo,
  namespace: string,
  body: Json,
): Promise<Json> {
  const head = { kind: review.kind, apiVersion: apiVersionOf(review) };
  const metadata: Json = { ...record(body['metadata']) };
  if (review.kind === 'SelfSubjectReview') {
    metadata['creationTimestamp'] = `${new Date().toISOString().slice(0, 19)}Z`;
    return { ...head, metadata, status: { userInfo: { username: asker.user, groups: asker.groups } } };
  }
  const spec = record(body['spec']);
  if (review.kind === 'SelfSubjectRulesReview') {
    const asked = text(spec['namespace']);
    if (asked === '') throw badRequest('no namespace on request');
    return { ...head, metadata, spec: {}, status: (await authorizer.policy()).rulesFor(asker, asked) };
  }
  const isSelf = review.kind === 'SelfSubjectAccessReview';
  if (!isSelf) checkSubject(review, spec);
  const asked = attributesOf(review, spec, namespace);
  const decision = (await authorizer.policy()).authorize(isSelf ? asker : subjectOf(spec), asked);
  const status = { allowed: decision.allowed, ...(decision.reason === '' ? {} : { reason: decision.reason }) };
  return { ...head, metadata, spec: withoutEmpty(spec), status };
}

/** Empty strings are absent on the wire. */
function withoutEmpty(spec: Json): Json {
  const kept = Object.entries(spec).filter(([, value]) => value !== '');
  return Object.fromEntries(kept.map(([name, value]) => [name, isRecord(value) ? withoutEmpty(value) : value]));
}

function subjectOf(spec: Json): UserInfo {
  const groups = spec['groups'];
  return {
    user: text(spec['user']) || (Array.isArray(groups) ? '' : ANONYMOUS.user),
    groups: Array.isArray(groups) ? groups.filter((group) => typeof group === 'string') : [],
  };
}

function checkSubject(review: ReviewKind, spec: Json): void {
  const groups = spec['groups'];
  if (text(spec['user']) !== '' || (Array.isArray(groups) && groups.length > 0)) return;
  throw refuse(review, 'spec.user', 'Invalid value: "": at least one of user or group must be specified');
}

function attributesOf(review: ReviewKind, spec: Json, namespace: string): AccessAttributes {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isRecord(resourceAttributes) === isRecord(nonResourceAttributes)) {
    const field = isRecord(resourceAttributes) ? 'spec.nonResourceAttributes' : 'spec.resourceAttributes';
    const why = isRecord(resourceAttributes)
      ? 'cannot be specified in combination with resourceAttributes'
      : 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
    throw refuse(review, field, `Invalid value: null: ${why}`);
  }
  if (isRecord(nonResourceAttributes)) {
    return { verb: text(nonResourceAttributes['verb']), path: text(nonResourceAttributes['path']) };
  }
  const asked = record(resourceAttributes);
  if (review.namespaced && text(asked['namespace']) !== namespace) {
    const message = `Invalid value: ${JSON.stringify(asked['namespace'] ?? '')}: must match metadata.namespace`;
    throw refuse(review, 'spec.resourceAttributes.namespace', message);
  }
  return {
    verb: text(asked['verb']),
    group: text(asked['group']),
    resource: text(asked['resource']),
    subresource: text(asked['subresource']) || undefined,
    namespace: text(asked['namespace']) || undefined,
    name: text(asked['name']) || undefined,
  };
}

function refuse(review: ReviewKind, field: string, message: string): Error {
  // The API server names no kind here.
  const named = { group: review.group, kind: '', plural: '' };
  return invalid(named, '', [{ field, reason: 'FieldValueInvalid', message }]);
}
