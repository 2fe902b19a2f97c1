/**
 * A Lease that lets one cutover at a time work on a cluster, by the rules of client-go's leader election
 * (k8s.io/client-go/tools/leaderelection): whoever is named in it holds it for as long as the record keeps changing. Only changes are
 * looked at, with a clock of one's own, and never the times that others wrote: their clocks may be wrong.
 */
import { ObservationError } from '../checks/contract/capabilities.ts';
import type { KubeObject, ResourceType } from '../checks/contract/cluster.ts';
import { formatMs } from '../checks/contract/units.ts';
import { at, textAt } from '../checks/contract/json.ts';
import type { ClusterLink } from '../fixtures/capabilities/cluster-link.ts';
import { answered, pathOf, type ApiRequest } from '../fixtures/capabilities/cluster-requests.ts';
import { pause } from '../fixtures/capabilities/deadline.ts';
import { CONFLICTS, FIELD_MANAGER, persist, readObject } from './persistence.ts';

export const LEASES: ResourceType = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', resource: 'leases' };

/** How often a Lease that another holds is looked at, at least. */
const LONGEST_LOOK_MS = 1000;

export interface LeaseOptions {
  readonly namespace: string;
  readonly name: string;
  /** Unlike that of any other process: two with one name would both hold it. */
  readonly holder: string;
  /** A record that has not changed for this long belongs to nobody any more. */
  readonly durationSeconds: number;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** Somebody else holds the Lease, or took it over. */
export class LeaseHeld extends ObservationError {
  /** Who holds it; empty when it was taken from us and given back. */
  readonly holder: string;
  /** How long ago they renewed it by their own clock; null where they wrote no time. */
  readonly ageMs: number | null;
  constructor(message: string, holder: string, ageMs: number | null, fix: string) {
    super('precondition', message, { fix });
    this.holder = holder;
    this.ageMs = ageMs;
  }
}

export interface LeaseClient {
  /**
   * Takes the Lease: at once where nobody holds it, after its duration where its holder renews it no more.
   * @throws LeaseHeld as soon as the holder is seen to renew it
   */
  acquire(signal: AbortSignal): Promise<{ readonly tookOver: string | null }>;
  /** @throws LeaseHeld when another holds it, `unreachable` when the API server cannot be asked */
  renew(signal: AbortSignal): Promise<void>;
  /** Gives it back, where it is ours. */
  release(signal: AbortSignal): Promise<void>;
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

export function leaseClient(link: ClusterLink, options: LeaseOptions): LeaseClient {
  const { namespace, name, holder, durationSeconds } = options;
  const target = `${link.where}: Lease ${namespace}/${name}`;
  const load = (signal: AbortSignal): Promise<KubeObject | null> => readObject(link, LEASES, namespace, name, signal);

  /** Whether it was written; false when somebody else wrote first. */
  const write = async (present: KubeObject | null, spec: LeaseSpec, signal: AbortSignal): Promise<boolean> => {
    const object = {
      ...(present ?? { apiVersion: LEASES.apiVersion, kind: LEASES.kind }),
      // With the version it was read in: the server refuses the write where that has changed.
      metadata: {
        ...(present?.metadata ?? { name, namespace }),
        annotations: { ...present?.metadata.annotations, ...options.annotations },
      },
      spec,
    };
    const query = `?fieldManager=${FIELD_MANAGER}`;
    const request: ApiRequest = present
      ? { method: 'PUT', path: `${pathOf(LEASES, namespace, name)}${query}`, body: object }
      : { method: 'POST', path: `${pathOf(LEASES, namespace)}${query}`, body: object };
    const { access, response } = await persist(link, request, signal);
    // 404: deleted in between.
    if (response.status === 409 || (present && response.status === 404)) return false;
    const purpose = { verb: present ? 'update' : 'create', resource: 'leases.coordination.k8s.io', namespace };
    answered(access, request, response, purpose);
    return true;
  };

  const own = (present: KubeObject | null): LeaseSpec => {
    const before = specOf(present);
    const now = microTime(new Date());
    const isOurs = before.holderIdentity === holder;
    return {
      holderIdentity: holder,
      leaseDurationSeconds: durationSeconds,
      acquireTime: isOurs ? (before.acquireTime ?? now) : now,
      renewTime: now,
      leaseTransitions: (before.leaseTransitions ?? 0) + (isOurs || !present ? 0 : 1),
    };
  };

  const held = (spec: LeaseSpec, what: string): LeaseHeld => {
    const by = spec.holderIdentity ?? '';
    const renewed = spec.renewTime === undefined ? NaN : Date.parse(spec.renewTime);
    const ageMs = Number.isNaN(renewed) ? null : Date.now() - renewed;
    const age = ageMs === null ? '' : `, renewed ${formatMs(Math.max(0, ageMs))} ago by its clock`;
    return new LeaseHeld(
      `${target} ${what}${by === '' ? '' : ` by ${JSON.stringify(by)}${age}`}`,
      by,
      ageMs,
      'Wait until the other cutover has ended, or end it: one cluster has one cutover at a time',
    );
  };

  return {
    async acquire(signal) {
      /** The record as it was seen first, and when; another holder's only. */
      let seen: { readonly record: string; readonly holder: string; readonly at: number } | undefined;
      for (;;) {
        const present = await load(signal);
        const spec = specOf(present);
        const by = spec.holderIdentity ?? '';
        const isFree = by === '' || by === holder;
        const durationMs = (spec.leaseDurationSeconds ?? durationSeconds) * 1000;
        if (!isFree) {
          const record = JSON.stringify([by, spec.leaseDurationSeconds, spec.renewTime, spec.acquireTime]);
          if (seen && seen.record !== record) throw held(spec, 'is held');
          seen ??= { record, holder: by, at: performance.now() };
          const left = durationMs - (performance.now() - seen.at);
          if (left > 0) {
            const wait = Math.min(left, Math.max(50, Math.min(durationMs / 20, LONGEST_LOOK_MS)));
            await pause(wait, signal, `${target} is held by ${JSON.stringify(by)}`);
            continue;
          }
        }
        if (await write(present, own(present), signal)) return { tookOver: isFree ? null : by };
      }
    },
    async renew(signal) {
      for (let attempt = 1; ; attempt += 1) {
        const present = await load(signal);
        const spec = specOf(present);
        // One that was deleted belongs to nobody, and is made again as client-go does.
        if (present && spec.holderIdentity !== holder) throw held(spec, 'is ours no more: it is held');
        if (await write(present, own(present), signal)) return;
        if (attempt === CONFLICTS)
          throw new ObservationError('protocol', `${target} was written by somebody else ${CONFLICTS} times`);
      }
    },
    async release(signal) {
      for (let attempt = 1; attempt <= CONFLICTS; attempt += 1) {
        const present = await load(signal);
        const spec = specOf(present);
        if (!present || spec.holderIdentity !== holder) return;
        const now = microTime(new Date());
        // As client-go leaves it: no holder, and a duration that is over at once.
        const free = { ...spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now };
        if (await write(present, free, signal)) return;
      }
      throw new ObservationError('protocol', `${target} was written by somebody else ${CONFLICTS} times`);
    },
  };
}

function specOf(lease: KubeObject | null): LeaseSpec {
  const spec = at(lease, 'spec');
  const numberAt = (member: string): number | undefined => {
    const value = at(spec, member);
    return typeof value === 'number' ? value : undefined;
  };
  const holderIdentity = textAt(spec, '', 'holderIdentity');
  const leaseDurationSeconds = numberAt('leaseDurationSeconds');
  const leaseTransitions = numberAt('leaseTransitions');
  const [acquireTime, renewTime] = [textAt(spec, '', 'acquireTime'), textAt(spec, '', 'renewTime')];
  return {
    ...(holderIdentity === '' ? {} : { holderIdentity }),
    ...(leaseDurationSeconds === undefined ? {} : { leaseDurationSeconds }),
    ...(acquireTime === '' ? {} : { acquireTime }),
    ...(renewTime === '' ? {} : { renewTime }),
    ...(leaseTransitions === undefined ? {} : { leaseTransitions }),
  };
}

/** metav1.MicroTime: exactly six digits after the second. */
function microTime(date: Date): string {
  return date.toISOString().replace('Z', '000Z');
}
