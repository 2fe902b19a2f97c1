/** The plan of a drill: the same items, with windows short enough to look again and again. Bounds are never changed. */
import { digestOf } from '../../checks/contract/canonical.ts';
import type { Plan, PlannedItem } from '../../checks/contract/plan.ts';

type Params = Readonly<Record<string, unknown>>;

/** Parameters by item; each only says how long to look, or how far back. */
const SHORTER: Readonly<Record<string, Params>> = {
  'P1-MON-004': { window: '15s' },
  'P2-FLO-002': { expiry: 200 },
  'P3-LOA-001': { duration: '4s', warmup: '1s', requestTimeout: '6s' },
  'P3-MET-003': { minSeconds: 2 },
  'P3-MET-005': { minSamples: 1 },
  'P3-MET-006': { minSamples: 1 },
  'P3-CHA-001': { steadyFor: '1s', warmup: '300ms', interval: '100ms' },
  // A step ends no sooner than its triggers are at rest, however short its window is. From 25 % on users must bring enough to compare.
  'P4-MIG-001': { watch: '4m' },
  'P4-MIG-004': { watch: '24m' },
  'P1-TEA-005': { within: '1s' },
  'P5-ALE-002': { within: '8s' },
  'P5-ALE-003': { late: '1s' },
  'P5-ALE-004': { within: '1s' },
  'P5-COM-001': { within: '1s' },
  'P5-COM-003': { within: '1s' },
  'P5-COM-004': { within: '1s' },
  'P5-HEA-004': { window: '15s' },
  // Alerts of an earlier fault resolve after it; long enough to see one fire, short enough to forget it.
  'F-TEC-004': { window: '15s', from: '' },
};
/** What else may last long, wherever it stands: repeated requests, and steps that ask until it is so. */
const FEW_SAMPLES = 5;
const SHORT_UNTIL = { timeout: '3s', interval: '250ms' } as const;

/** Another plan than the given one, so with a digest of its own. */
export function shortened(plan: Plan): Plan {
  const entries = Object.entries({ ...plan, items: plan.items.map(shorter) }).filter(([name]) => name !== 'digest');
  const rest = Object.fromEntries(entries) as unknown as Omit<Plan, 'digest'>;
  return { ...rest, digest: digestOf(rest) };
}

function shorter(item: PlannedItem): PlannedItem {
  const params = { ...item.params, ...SHORTER[item.id] };
  return { ...item, params: { ...params, ...each(params, 'requests', fewer), ...each(params, 'steps', sooner) } };
}

/** The list `name` of the parameters with every member changed; nothing where there is no such list. */
function each(params: Params, name: string, change: (one: Params) => Params): Params {
  const list = params[name];
  return Array.isArray(list) ? { [name]: list.map((one: Params) => change(one)) } : {};
}

function fewer(request: Params): Params {
  const { samples } = request;
  return typeof samples === 'number' ? { ...request, samples: Math.min(samples, FEW_SAMPLES) } : request;
}

function sooner(step: Params): Params {
  return 'until' in step ? { ...step, until: SHORT_UNTIL } : step;
}
