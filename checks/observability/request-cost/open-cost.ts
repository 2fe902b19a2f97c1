/** What OpenCost allocated: `/allocation` answers one map of names for each step, and its minutes may be fewer than the window. */
import type { HttpClient } from '../../contract/http.ts';
import { at, isRecord, listAt } from '../../contract/json.ts';
import { askJson, sourceOf, type Endpoint } from '../../protocols/telemetry.ts';
import type { HourlyCost } from './prices.ts';

/** Data that begin this late in the window began with OpenCost, not with the release. */
const COVERED = 0.9;

interface Asked {
  readonly aggregate: string;
  readonly window: string;
  /** The allocation; names in double underscores are OpenCost's own. */
  readonly name: string;
}

export async function costByOpenCost(http: HttpClient, endpoint: Endpoint, asked: Asked): Promise<HourlyCost> {
  const query = new URLSearchParams({ window: asked.window, aggregate: asked.aggregate, accumulate: 'true' });
  const { json } = await askJson(http, sourceOf('OpenCost', endpoint, undefined), `/allocation?${query.toString()}`);
  return allocated(json, asked);
}

/** The allocation of an answer as an hourly cost; its currency is not in it. */
export function allocated(answer: unknown, { window, name }: Omit<Asked, 'aggregate'>): HourlyCost {
  const base = { currency: 'units of OpenCost’s price list', pods: 0 };
  const unknown = (reason: 'no-subjects' | 'too-few-samples' | 'unknown-value', why: string): HourlyCost => ({
    ...base,
    perHour: null,
    doubt: { reason, why },
  });
  const [step] = listAt(answer, 'data');
  const own = Object.entries(isRecord(step) ? step : {}).filter(([other]) => !/^__.*__$/.test(other));
  const one = own.find(([other]) => other === name)?.[1];
  if (one === undefined) return unknown('no-subjects', `OpenCost has no allocation ${name}.`);
  const [minutes, total] = [at(one, 'minutes'), at(one, 'totalCost')];
  if (typeof minutes !== 'number' || typeof total !== 'number' || !(minutes > 0) || total < 0)
    return unknown('unknown-value', `OpenCost’s allocation ${name} has no positive minutes and cost.`);
  const longest = Math.max(...own.map(([, other]) => Number(at(other, 'minutes') ?? 0)));
  const wanted = minutesOf(window);
  if (longest < COVERED * wanted)
    return unknown('too-few-samples', `OpenCost’s data cover ${Math.round(longest)} of ${wanted} minutes.`);
  return { ...base, perHour: total / (minutes / 60) };
}

const minutesOf = (window: string): number => Number.parseInt(window, 10) * (window.endsWith('d') ? 1440 : 60);
