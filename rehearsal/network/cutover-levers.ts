/**
 * Levers for the time in which traffic moves from one release to the other.
 *
 *   cutover.at   {percent, lever, with?, route?}  arms another lever: it is pulled when the share of the canary first reaches `percent`, or
 *                                                 at once where it is there already; released with it
 *   route.revert {weights?, manager?, route?}     another controller that owns the weights: it sets them back whenever somebody changes them;
 *                                                 `weights` by Service, those of the manifests unless said. Release: it stops.
 *
 * `route` is the HTTPRoute whose first rule shares users between two releases: mcp-api unless said.
 */
import type { KubeObject } from '../../checks/contract/cluster.ts';
import { at, isRecord, listAt, textAt } from '../../checks/contract/json.ts';
import type { ControlPlane } from '../control-plane-types.ts';
import type { LeverArguments } from '../../fixtures/rehearsal-client/control-protocol.ts';
import type { Levers, Release } from '../levers.ts';
import { NAMESPACE, SERVICES } from '../topology.ts';
import { HTTP_ROUTES } from './gateway-controller.ts';

const ROUTE = 'mcp-api';
const CANARY = SERVICES.typescriptApi.service;
const STABLE = SERVICES.typescriptApi.service.replace(/-service$/, '-green-service');
/** As the manifests have them. */
const WEIGHTS: Weights = { [STABLE]: 100, [CANARY]: 0 };
const MANAGER = 'another-controller';

type Weights = Readonly<Record<string, number>>;
type Plane = Pick<ControlPlane, 'patch' | 'watchObjects'>;
interface Told {
  log(line: string): void;
}

/** Adds `cutover.at` and `route.revert`. */
export function addCutoverLevers(levers: Levers, plane: Plane, told: Told): void {
  levers.add('cutover.at', (args) => Promise.resolve(arm(levers, plane, told, args)));
  levers.add('route.revert', (args) => Promise.resolve(revert(plane, told, args)));
}

function arm(levers: Levers, plane: Plane, told: Told, args: LeverArguments): Release {
  const { percent, lever, with: inner = {} } = args;
  if (typeof percent !== 'number' || percent < 0 || percent > 100)
    throw new Error('cutover.at takes percent, a number from 0 to 100');
  // Found out now, not in the middle of a cutover.
  if (typeof lever !== 'string' || !levers.names().includes(lever))
    throw new Error(`there is no lever ${String(lever)}; there are: ${levers.names().join(', ')}`);
  if (lever === 'cutover.at') throw new Error('cutover.at arms another lever than itself');
  if (!isRecord(inner)) throw new Error('with must be an object: what the other lever takes');
  let pulled: Promise<Release | undefined> | undefined;
  const end = followRoute(plane, args, (route) => {
    if (pulled || canaryShare(route) < percent) return;
    pulled = levers.pull(lever, inner).catch((error: unknown) => {
      told.log(`cutover.at ${percent}: ${lever} could not be pulled: ${String(error)}`);
      return undefined;
    });
  });
  return async () => {
    end();
    await (
      await pulled
    )?.();
  };
}

function revert(plane: Plane, told: Told, args: LeverArguments): Release {
  const { weights = WEIGHTS, manager = MANAGER } = args;
  if (!isWeights(weights)) throw new Error('weights must say the weight of each Service');
  if (typeof manager !== 'string') throw new Error('manager must be a text: the field manager that writes');
  let writing = Promise.resolve();
  const setBack = async (route: KubeObject): Promise<void> => {
    const rules = listAt(route, 'spec', 'rules').map((rule, index) => (index === 0 ? reweighted(rule, weights) : rule));
    const target = { name: route.metadata.name, namespace: NAMESPACE };
    await plane.patch(HTTP_ROUTES, target, { spec: { rules } }, { manager });
  };
  const isOwn = (route: KubeObject): boolean =>
    Object.entries(weightsOf(route)).every(([service, weight]) => (weights[service] ?? weight) === weight);
  const end = followRoute(plane, args, (route) => {
    if (isOwn(route)) return;
    writing = writing.then(() => setBack(route)).catch((error: unknown) => told.log(`route.revert: ${String(error)}`));
  });
  return async () => {
    end();
    await writing;
  };
}

/** The route now and whenever it changes. */
function followRoute(
  plane: Plane,
  { route = ROUTE }: LeverArguments,
  changed: (route: KubeObject) => void,
): () => void {
  return plane.watchObjects(HTTP_ROUTES, (routes) => {
    const found = routes.find(({ metadata }) => metadata.name === route && metadata.namespace === NAMESPACE);
    if (found) changed(found);
  });
}

/** Weights of the first rule's backends by Service; 1 where none is written (Gateway API, `BackendRef`). */
function weightsOf(route: KubeObject): Weights {
  const refs = listAt(route, 'spec', 'rules', 0, 'backendRefs');
  return Object.fromEntries(refs.map((ref) => [textAt(ref, '', 'name'), Number(at(ref, 'weight') ?? 1)]));
}

/** The canary's share of users, in percent. */
function canaryShare(route: KubeObject): number {
  const weights = weightsOf(route);
  const sum = Object.values(weights).reduce((all, weight) => all + weight, 0);
  return sum === 0 ? 0 : (100 * (weights[CANARY] ?? 0)) / sum;
}

function reweighted(rule: unknown, weights: Weights): unknown {
  if (!isRecord(rule)) return rule;
  const backendRefs = listAt(rule, 'backendRefs').map((ref) => {
    const weight = weights[textAt(ref, '', 'name')];
    return weight === undefined || !isRecord(ref) ? ref : { ...ref, weight };
  });
  return { ...rule, backendRefs };
}

function isWeights(value: unknown): value is Weights {
  return isRecord(value) && Object.values(value).every((weight) => typeof weight === 'number' && weight >= 0);
}
