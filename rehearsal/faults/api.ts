/** What goes wrong in the services themselves, and between them: what their users and neighbours see. */
import { NAMESPACE, SERVICES } from '../topology.ts';
import type { Act, Fault } from './fault.ts';

const API = SERVICES.typescriptApi.app;
const LEARNING = SERVICES.learningSystem.app;
const RUST = SERVICES.rustServer.app;

const misbehave = (app: string, as: string, more: Readonly<Record<string, unknown>> = {}): Act => ({
  lever: 'service.misbehave',
  with: { app, as, ...more },
});
/** A Service whose selector matches no pod. */
const selectNothing = (name: string): Act => ({
  lever: 'objects.patch',
  with: {
    apiVersion: 'v1',
    kind: 'Service',
    resource: 'services',
    namespace: NAMESPACE,
    name,
    patch: { spec: { selector: { 'mcp.test/colour': 'nobody' } } },
  },
});
const DRIFT = { 'P2-DEP-001': 'The cluster no longer holds what the manifests describe.' } as const;

export const apiFaults: readonly Fault[] = [
  {
    name: 'login-accepts-anyone',
    title: 'The login lets in whoever names a user, with any password',
    inject: [misbehave(API, 'login-accepts-anyone')],
    changes: [
      {
        item: 'P2-API-001',
        outcome: 'fail',
        says: /POST \/auth\/login with a wrong password was answered 200, expected 401/,
      },
      {
        item: 'P5-SEC-003',
        outcome: 'fail',
        says: /POST \/auth\/login with a wrong password was answered 200, expected 401/,
      },
      { item: 'F-TEC-002', outcome: 'fail', says: /Item P5-SEC-003: failed/ },
    ],
    mayChange: { 'F-TEC-001': 'It counts the items that passed.' },
  },
  {
    name: 'any-token-accepted',
    title: 'Tokens are taken without looking at their signature',
    inject: [misbehave(API, 'accepts-any-token')],
    changes: [
      { item: 'P2-API-001', outcome: 'fail', says: /was answered 200, expected 401/ },
      { item: 'P5-SEC-003', outcome: 'fail', says: /was answered 200, expected 401/ },
    ],
    mayChange: {
      'P5-SEC-004': 'Without its claims being verified, a token may stand for another role.',
      'P2-API-002': 'A request without a token may be answered, too.',
    },
  },
  {
    name: 'admin-open-to-users',
    title: 'The role check of the administration was dropped',
    inject: [misbehave(API, 'refuse-admin-check')],
    changes: [
      {
        item: 'P5-SEC-004',
        outcome: 'fail',
        says: /Subject "user": GET \/api\/v1\/admin\/stats was answered 200, expected 403/,
      },
    ],
  },
  {
    name: 'admin-locked-out',
    title: 'The administration refuses administrators',
    inject: [misbehave(API, 'admin-refused')],
    changes: [
      {
        item: 'P5-SEC-004',
        outcome: 'fail',
        says: /Subject "admin": GET \/api\/v1\/admin\/stats was answered 403, expected 200/,
      },
    ],
  },
  {
    name: 'login-refuses-everyone',
    title: 'Nobody can log in to the new release',
    inject: [misbehave(API, 'login-refuses-everyone', { colour: 'blue' })],
    changes: [
      { item: 'P2-SMO-001', outcome: 'fail', says: /Step "log in": POST \/auth\/login answered 401, expected 200/ },
    ],
    mayChange: {
      'P2-API-001': 'Refusals prove nothing where nobody gets in.',
      'P2-API-002': 'Its authenticated requests need a token.',
      'P2-API-003': 'Its requests need a token.',
      'P2-API-004': 'Its requests need a token.',
      'P2-FLO-003': 'Its requests need a token.',
      'P2-FLO-004': 'Its requests need a token.',
    },
  },
  {
    name: 'inference-wrong',
    title: 'The model answers the least probable class',
    inject: [misbehave(LEARNING, 'wrong-inference')],
    changes: [{ item: 'P2-API-003', outcome: 'fail', says: /\/label must be equal to constant/ }],
  },
  {
    name: 'inference-slow',
    title: 'Each inference takes 600 ms',
    inject: [misbehave(LEARNING, 'slow', { ms: 600 })],
    changes: [{ item: 'P2-API-003', outcome: 'fail', says: /the P95 of \d+ answers is .* expected at most 500 ms/ }],
  },
  {
    name: 'inference-takes-anything',
    title: 'The model answers features that are none',
    inject: [misbehave(LEARNING, 'accepts-bad-input')],
    changes: [{ item: 'P2-API-003', outcome: 'fail', says: /POST \/api\/v1\/inference: answered 200, expected 400/ }],
  },
  {
    name: 'compute-wrong',
    title: 'The rust server computes wrong results',
    inject: [misbehave(RUST, 'wrong-compute')],
    changes: [{ item: 'P2-API-004', outcome: 'fail', says: /\/result must be/ }],
  },
  {
    name: 'compute-slow',
    title: 'Each computation takes 600 ms',
    inject: [misbehave(RUST, 'slow', { ms: 600 })],
    changes: [{ item: 'P2-API-004', outcome: 'fail', says: /the P95 of \d+ answers is .* expected at most 500 ms/ }],
  },
  {
    name: 'writes-forgotten',
    title: 'The new release acknowledges items and loses them',
    inject: [misbehave(API, 'forgets-writes', { colour: 'blue' })],
    changes: [
      {
        item: 'P2-SMO-001',
        outcome: 'fail',
        says: /Step "read it": GET \/api\/v1\/items\/\{\{id\}\} answered 404, expected 200/,
      },
    ],
  },
  {
    name: 'list-stale',
    title: 'The list of items comes from a cache that nothing invalidates',
    inject: [misbehave(API, 'cache-stale', { colour: 'blue' })],
    changes: [{ item: 'P2-SMO-001', outcome: 'fail', says: /Step "find it in the list": .* at the last of \d+ tries/ }],
    mayChange: { 'P2-FLO-002': 'The cache is what is broken.' },
  },
  {
    name: 'queue-stalls',
    title: 'The workers take no job from the queue',
    inject: [misbehave(LEARNING, 'queue-stalls')],
    changes: [
      {
        item: 'P2-FLO-003',
        outcome: 'fail',
        says: /Step "the first is worked off": .*\/status must be equal to constant.* at the last of \d+ tries/,
      },
    ],
  },
  {
    name: 'files-corrupted',
    title: 'One byte of each file is another one when it is read',
    inject: [misbehave(API, 'files-corrupt')],
    changes: [{ item: 'P2-FLO-004', outcome: 'fail', says: /\(read\) answered .* as they were written/ }],
  },
  {
    name: 'files-forgotten',
    title: 'Files are acknowledged and lost',
    inject: [misbehave(API, 'forgets-files')],
    changes: [{ item: 'P2-FLO-004', outcome: 'fail', says: /\(read\) answered 404, expected 2xx/ }],
  },
  {
    name: 'neighbour-unhealthy',
    title: 'The rust server of the new release says that it is not well',
    inject: [misbehave(RUST, 'unhealthy', { colour: 'blue' })],
    changes: [
      { item: 'P2-HEA-001', outcome: 'fail', says: /mcp-rust-server-service:8002: \/health answered 503/ },
      { item: 'P5-HEA-001', outcome: 'fail', says: /mcp-rust-server-service:8002: \/health answered 503/ },
      {
        item: 'P2-HEA-003',
        outcome: 'fail',
        says: /mcp-rust-server-service:8002\/health: the service answered with an error/,
      },
    ],
    mayChange: {
      'P2-API-004': 'The API may not ask a neighbour that is not well.',
      'P2-DEP-002': 'Its liveness probe may restart the container.',
    },
  },
  {
    name: 'service-selects-nothing',
    title: 'The Service of the learning system selects no pod',
    inject: [selectNothing(SERVICES.learningSystem.service)],
    changes: [
      { item: 'P2-HEA-001', outcome: 'fail', says: /mcp-learning-system-service:8001: has 0 ready endpoints/ },
      { item: 'P5-HEA-001', outcome: 'fail', says: /mcp-learning-system-service:8001: has 0 ready endpoints/ },
      {
        item: 'P2-HEA-003',
        outcome: 'fail',
        says: /mcp-learning-system-service:8001\/health: (the connection was refused|nothing answered in time|the service closed)/,
      },
    ],
    mayChange: {
      ...DRIFT,
      'P2-DEP-002': 'A Service of the release has no endpoints.',
      'P2-API-003': 'Connections that the API has open go on; another one finds nobody.',
    },
  },
];
