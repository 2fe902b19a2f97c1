/**
 * The cutover's own users: requests at a declared rate whatever the answers do, each kept with its start, its time and the version that
 * answered. One request waits for no other: a server that hangs is seen in every request that is due meanwhile.
 */
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import type { ProbeRecord } from '../checks/contract/cutover.ts';
import { GATE_TRAFFIC } from '../checks/contract/gate-traffic.ts';
import { contextFor, systemContext } from '../fixtures/capabilities/http.ts';

export interface ProberOptions {
  readonly url: string;
  readonly caFile: string | undefined;
  readonly lookup: LookupFunction;
  /** Requests a second. */
  readonly rate: number;
  readonly timeoutMs: number;
  readonly versionHeader: string;
  /** Records older than this are forgotten. */
  readonly keptMs: number;
  /** The clock of the records, in milliseconds. */
  readonly now: () => number;
}
export interface Prober {
  /** In the order of their starts. */
  records(): readonly ProbeRecord[];
  stop(): void;
}

/** Timers come late; what was due meanwhile is begun at once, but never more than this share of a second. */
const CATCH_UP_S = 0.1;
/** Enough for a second and a half of the highest rate a rehearsal uses; what finds none free waits, and the wait counts. */
const MAX_SOCKETS = 1024;
/** Below what servers keep idle connections for, so that none is used while it is being closed. */
const IDLE_MS = 4000;

export function startProber(options: ProberOptions): Prober {
  const { rate, now } = options;
  const url = new URL(options.url);
  const secure = url.protocol === 'https:';
  const agent = secure
    ? new https.Agent({
        keepAlive: true,
        maxSockets: MAX_SOCKETS,
        timeout: IDLE_MS,
        // Made once: a context with all roots costs 25 ms, and with `ca` each connection makes its own.
        secureContext: options.caFile === undefined ? systemContext() : contextFor(options.caFile),
      })
    : new http.Agent({ keepAlive: true, maxSockets: MAX_SOCKETS, timeout: IDLE_MS });
  const records: { -readonly [K in keyof ProbeRecord]: ProbeRecord[K] }[] = [];
  const ask = (): void => {
    const record = { at: now(), ms: null, outcome: 'under-way', version: null } as (typeof records)[number];
    records.push(record);
    const end = (outcome: 'ok' | 'failed', version: string | null): void => {
      if (record.outcome !== 'under-way') return;
      record.outcome = outcome;
      record.ms = now() - record.at;
      record.version = version;
      clearTimeout(timer);
    };
    const request = (secure ? https : http).request(
      url,
      {
        agent,
        lookup: options.lookup,
        headers: { 'user-agent': 'golive', ...GATE_TRAFFIC },
      },
      (response) => {
        const header = response.headers[options.versionHeader];
        const version = typeof header === 'string' ? header : null;
        const status = response.statusCode ?? 0;
        response.on('error', () => end('failed', version));
        response.on('end', () => end(status >= 200 && status <= 299 ? 'ok' : 'failed', version));
        response.resume();
      },
    );
    // No AbortSignal.timeout: one fires, with an error and its stack, for every request that has long been answered.
    const timer = setTimeout(() => {
      end('failed', null);
      request.destroy();
    }, options.timeoutMs);
    request.on('error', () => end('failed', null));
    request.end();
  };
  const from = now();
  let begun = 0;
  const pace = (): void => {
    const due = Math.floor(((now() - from) * rate) / 1000);
    begun = Math.max(begun, due - Math.ceil(rate * CATCH_UP_S));
    for (; begun < due; begun += 1) ask();
    const old = now() - options.keptMs;
    const kept = records.findIndex(({ at }) => at >= old);
    if (kept > 1000) records.splice(0, kept);
  };
  const timer = setInterval(pace, Math.max(2, Math.min(50, 1000 / rate)));
  return {
    records: () => records,
    stop() {
      clearInterval(timer);
      agent.destroy();
    },
  };
}
