import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ObservationError } from '../checks/contract/capabilities.ts';
import { VirtualClock } from './testing/virtual-clock.ts';
import { watchServices, type ServiceWatch } from './services.ts';

const SERVICES = [
  { name: 'web', port: 80, path: '/health' },
  { name: 'pay', port: 80, path: '/health' },
];
const EVERY_MS = 100;
type Behaviour = 'well' | 'sick' | 'hangs' | 'no-way';

/** An API server in memory, with services behind its proxy. */
class Plane {
  readonly clock = new VirtualClock();
  readonly does = new Map<string, Behaviour>();
  away = false;
  asked = 0;
  raw = (): Promise<{ status: number; body: string; ms: number }> =>
    this.away
      ? Promise.reject(new ObservationError('timeout', 'no answer'))
      : Promise.resolve({ status: 200, body: '{}', ms: 1 });
  proxyService = async (
    { name }: { readonly name: string },
    _: string,
    { timeoutMs = 15_000 }: { readonly timeoutMs?: number } = {},
  ) => {
    this.asked += 1;
    const behaviour = this.does.get(name) ?? 'well';
    if (behaviour === 'no-way') throw new ObservationError('unreachable', 'connection refused');
    if (behaviour === 'hangs' || this.away) {
      await this.clock.wait(timeoutMs);
      throw new ObservationError('timeout', 'no answer');
    }
    const status = behaviour === 'well' ? 200 : 503;
    return { status, headers: {}, body: '', truncated: false, ms: 1 };
  };
}

let plane: Plane;
let watch: ServiceWatch;
const pass = (ms: number) => plane.clock.wait(ms);
beforeEach(() => {
  plane = new Plane();
});
afterEach(() => {
  watch.stop();
});
function begin(): void {
  watch = watchServices(plane, 'shop', SERVICES, EVERY_MS, plane.clock);
}

describe('the watch over critical services', () => {
  it('knows nothing before every one has answered', async () => {
    begin();
    expect(watch.seen()).toEqual({ down: [], known: false });
    await pass(10);
    expect(watch.seen()).toEqual({ down: [], known: true });
  });
  it('calls one down that fails twice in a row, and well when it answers', async () => {
    begin();
    await pass(10);
    plane.does.set('pay', 'sick');
    await pass(EVERY_MS);
    // One lost answer is no outage, and no sign of health either.
    expect(watch.seen()).toEqual({ down: [], known: false });
    await pass(EVERY_MS);
    expect(watch.seen()).toEqual({ down: ['pay'], known: true });
    plane.does.set('pay', 'well');
    await pass(EVERY_MS);
    expect(watch.seen()).toEqual({ down: [], known: true });
  });
  it('knows nothing of one that hangs, and calls it down after two time-outs', async () => {
    begin();
    await pass(10);
    plane.does.set('pay', 'hangs');
    await pass(EVERY_MS + 1100);
    expect(watch.seen()).toEqual({ down: [], known: false });
    // Also between its first time-out and the next question.
    await pass(4000);
    expect(watch.seen()).toEqual({ down: [], known: false });
    await pass(6000);
    expect(watch.seen().down).toEqual(['pay']);
  });
  it('sees another one fail while one hangs', async () => {
    begin();
    await pass(10);
    plane.does.set('pay', 'hangs');
    await pass(EVERY_MS + 50);
    plane.does.set('web', 'sick');
    await pass(2 * EVERY_MS);
    expect(watch.seen().down).toEqual(['web']);
  });
  it('does not blame a service for an API server that is away', async () => {
    begin();
    await pass(10);
    plane.away = true;
    await pass(30_000);
    expect(watch.seen()).toEqual({ down: [], known: false });
    plane.away = false;
    await pass(6000);
    expect(watch.seen()).toEqual({ down: [], known: true });
    plane.does.set('web', 'no-way');
    await pass(3 * EVERY_MS);
    expect(watch.seen()).toEqual({ down: [], known: false });
  });
  it('asks no more once it is stopped', async () => {
    begin();
    await pass(250);
    watch.stop();
    const { asked } = plane;
    await pass(5000);
    expect(plane.asked).toBe(asked);
  });
});
